import { readFileSync } from 'node:fs';
import { isWithinCgroup } from '../../core/engine/target-identity.js';
import type { ContainerProcessState } from '../oci/container-state.js';

/** Which process keeps a listener, in what is remembered of it. */
export const keeperAnnotation = 'deputy.listener-keeper';

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

/** Is there such a process that will go on? One that nobody has reaped is gone (proc_pid_stat(5)). */
export function isThere(processId: number): boolean {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
    return !'ZX'.includes(stat.charAt(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
