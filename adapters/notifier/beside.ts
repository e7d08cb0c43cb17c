import { readFileSync } from 'node:fs';
import { isWithinCgroup } from '../../core/engine/target-identity.js';
import type { ContainerProcessState } from '../oci/container-state.js';

/** Which process keeps a listener, and when that began, in what is remembered of it. */
export const keeperAnnotation = 'deputy.listener-keeper';
export const keeperStartAnnotation = 'deputy.listener-keeper-start';

/** Field 22 of proc_pid_stat(5), counted from the state, which is the third. */
const startField = 19;

/** Is it the program that the listener was kept of? Its place is compared where it has one. */
export function isSame(
  known: ContainerProcessState & { cgroup?: string },
  now: ContainerProcessState,
): boolean {
  if (known.containerId !== now.containerId) return false;
  return known.cgroup === undefined || isWithinCgroup(cgroupsOf(keeperOf(now)), known.cgroup);
}

/** The process that keeps a listener. */
export function keeperOf({ annotations }: ContainerProcessState): number {
  return Number(annotations[keeperAnnotation] ?? 0);
}

/** Is a process of this user in these cgroups? */
export function isBeside(processId: number, cgroup: string, user: number): boolean {
  if (cgroupsOf(processId) !== cgroup) return false;
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'latin1');
    return new RegExp(`^Uid:\\s*${user}\\s`, 'm').test(status);
  } catch {
    return false;
  }
}

function cgroupsOf(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/cgroup`, 'utf8');
  } catch {
    return '';
  }
}

/** When a process began, in ticks since boot (proc_pid_stat(5)); undefined for one that has ended. */
export function startOf(processId: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    // Behind the name, which may hold anything: the state first, and one that nobody has reaped is gone.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZX'.includes(fields[0] ?? 'X') ? undefined : fields[startField];
  } catch {
    return undefined;
  }
}

/** Is a listener's keeper there still? Another process may have its number by now. */
export function isKeeperThere(state: ContainerProcessState): boolean {
  const start = startOf(keeperOf(state));
  const known = state.annotations[keeperStartAnnotation];
  return start !== undefined && (known === undefined || known === start);
}

/** Where those are who are served, or were and are on their way back: at one time all in one container. */
export function cgroupOfPresent(keepers: readonly ContainerProcessState[]): string | undefined {
  const known = keepers.find(isKeeperThere);
  return known === undefined ? undefined : cgroupsOf(keeperOf(known)) || undefined;
}
