import type { PayloadSpec } from '../../core/ports/payload.js';
import { namespaceFlag } from '../linux/namespaces.js';
import { joinedNamespaces } from './proc-facts.js';

/** Numbers of the descriptors that are handed over from here on; see joiner.c. */
export const firstHandedDescriptor = 12;

/** What whoever starts it has opened, by number, and what it has read of the target. */
export interface Handed {
  readonly cgroups: readonly number[];
  readonly filter?: number;
  readonly ready?: number;
  readonly oomScoreAdj: string;
  /** `RESOURCE:SOFT:HARD`, the target's own. */
  readonly limits: readonly string[];
}

/** The joiner's command line behind its name. Pure. */
export function joinerArguments(spec: PayloadSpec, handed: Handed): string[] {
  const mask = spec.capabilities.reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
  const namespaces = joinedNamespaces.reduce((flags, name) => flags | namespaceFlag[name], 0) >>> 0;
  const words = ['--namespaces', namespaces.toString(16)];
  for (const limit of handed.limits) words.push('--rlimit', limit);
  for (const descriptor of handed.cgroups) words.push('--cgroup', `${descriptor}`);
  words.push('--capabilities', mask.toString(16), '--user', `${spec.user}`, '--group', `${spec.group}`);
  if (spec.groups.length > 0) words.push('--groups', spec.groups.join(','));
  if (handed.filter !== undefined) words.push('--filter', `${handed.filter}`);
  if (handed.ready !== undefined) words.push('--ready', `${handed.ready}`);
  if (spec.label !== undefined) words.push('--label', spec.label);
  if (spec.profile !== undefined) words.push('--profile', spec.profile);
  words.push('--oom-score-adj', handed.oomScoreAdj, '--directory', spec.directory);
  if (spec.terminal) words.push('--terminal');
  for (const [name, value] of Object.entries(spec.environment)) words.push('--env', `${name}=${value}`);
  return [...words, '--', ...spec.argv];
}
