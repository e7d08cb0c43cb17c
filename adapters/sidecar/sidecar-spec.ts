import { dirname } from 'node:path';
import type { NamedShare } from '../broker/shares.js';

/** A sidecar that runs `deputy broker`, as far as its forms have it in common. */
export interface BrokerSidecar {
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
  /** The program and what stands before `broker` in its arguments. */
  readonly command: readonly string[];
}

/** The whole command line of the broker. */
export function brokerArguments(spec: BrokerSidecar): string[] {
  const { user, group, groups, shares, socketPath, stateDirectory, container } = spec;
  return [
    ...spec.command,
    'broker',
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
export function stateVolumePath({ stateDirectory }: BrokerSidecar): string {
  return dirname(stateDirectory);
}
