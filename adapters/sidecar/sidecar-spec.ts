import { dirname } from 'node:path';
import type { NamedShare } from '../broker/shares.js';

/** What runs in a sidecar: a broker for programs written for it, a notifier for all others. */
export type SidecarForm = 'broker' | 'notifier';

/** A sidecar, as far as its forms have it in common. */
export interface Sidecar {
  readonly form: SidecarForm;
  /** A notifier reaches its target's own mounts, and has none. */
  readonly shares: readonly NamedShare[];
  /** Where each volume comes from, by the share's name: a directory of the host, or a volume of the pod. */
  readonly sources: Readonly<Record<string, string>>;
  /** The socket's path, in the sidecar and in the target alike. */
  readonly socketPath: string;
  readonly stateDirectory: string;
  readonly socketSource: string;
  readonly stateSource: string;
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  /** A policy file, as the sidecar sees it; mounting it there is the caller's. */
  readonly policyPath?: string;
  /** The target's name in events. */
  readonly container: string;
  /** The program and what stands before the form in its arguments. */
  readonly command: readonly string[];
}

/** The whole command line of the sidecar. */
export function sidecarArguments(spec: Sidecar): string[] {
  const { user, group, groups, shares, socketPath, stateDirectory, container } = spec;
  return [
    ...spec.command,
    spec.form,
    '--socket',
    socketPath,
    ...shares.flatMap(({ name, path, targetPath }) => [
      '--share',
      targetPath === path ? `${name}=${path}` : `${name}=${path}:${targetPath}`,
    ]),
    '--user',
    `${user}:${group}`,
    ...(groups.length === 0 ? [] : ['--groups', groups.join(',')]),
    '--state',
    stateDirectory,
    '--container',
    container,
    ...(spec.policyPath === undefined ? [] : ['--policy', spec.policyPath]),
  ];
}

/** The directory that the state's own is made in: a volume's root belongs to whoever made the volume. */
export function stateVolumePath({ stateDirectory }: Sidecar): string {
  return dirname(stateDirectory);
}
