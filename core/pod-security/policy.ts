import { deputyError } from '../errors/deputy-error.js';

/** The levels of the Pod Security Standards, from what allows all to what allows least. */
export const podSecurityLevels = ['privileged', 'baseline', 'restricted'] as const;

/** A level of the Pod Security Standards. */
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

/** A version of the standards: 'latest', or the minor version of the Kubernetes that they were those of. */
export type PodSecurityVersion = 'latest' | { readonly minor: number };

// Seventeen digits at most, so that it stays a number; Kubernetes takes any that fits 64 bits.
const versionPattern = /^v1\.(0|[1-9][0-9]{0,16})$/;

/** Reads a level. Throws DEPUTY_E_POD_SECURITY_UNKNOWN. */
export function parsePodSecurityLevel(text: string): PodSecurityLevel {
  const level = podSecurityLevels.find((known) => known === text);
  if (level === undefined) {
    throw deputyError('DEPUTY_E_POD_SECURITY_UNKNOWN', {
      what: 'level',
      value: text,
      known: podSecurityLevels.join(', '),
    });
  }
  return level;
}

/** Reads a version, 'latest' or 'v1.N'. Throws DEPUTY_E_POD_SECURITY_UNKNOWN. */
export function parsePodSecurityVersion(text: string): PodSecurityVersion {
  if (text === 'latest') return 'latest';
  const minor = versionPattern.exec(text)?.[1];
  if (minor === undefined) {
    throw deputyError('DEPUTY_E_POD_SECURITY_UNKNOWN', {
      what: 'version',
      value: text,
      known: 'latest, or v1.N such as v1.30',
    });
  }
  return { minor: Number(minor) };
}
