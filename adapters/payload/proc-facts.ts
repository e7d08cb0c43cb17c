import { readFileSync, readlinkSync } from 'node:fs';
import { statusFields } from '../linux/thread-status.js';

/** What of /proc/PID/status a dispatch looks at (proc_pid_status(5)); capability sets as masks. */
export interface ProcessStatus {
  /** It is no zombie. */
  readonly isAlive: boolean;
  readonly parent: number;
  readonly userIds: readonly number[];
  readonly groupIds: readonly number[];
  readonly groups: readonly number[];
  /** Effective, permitted, inheritable, bounding, ambient. */
  readonly capabilities: readonly bigint[];
  readonly noNewPrivileges: boolean;
  /** Its number in each pid namespace that it is in, the innermost last. */
  readonly numbers: readonly number[];
}

/** Parses it. Pure. */
export function parseStatus(text: string): ProcessStatus {
  const { field, numbers } = statusFields(text);
  return {
    isAlive: !/^[ZX]/.test(field('State')),
    parent: Number(field('PPid')),
    userIds: numbers('Uid'),
    groupIds: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: ['CapEff', 'CapPrm', 'CapInh', 'CapBnd', 'CapAmb'].map((name) =>
      BigInt(`0x${field(name) || 0}`),
    ),
    noNewPrivileges: field('NoNewPrivs') === '1',
    numbers: numbers('NSpid'),
  };
}

export function readStatus(processId: number | 'self'): ProcessStatus {
  return parseStatus(readFileSync(`/proc/${processId}/status`, 'latin1'));
}

/** PF_EXITING of the kernel's include/linux/sched.h, in the flags of proc_pid_stat(5), field 9. */
const exiting = 4;

/** Has its end begun? Its cgroup and namespaces go one after the other, before it is a zombie. */
export function isExiting(processId: number): boolean {
  return (Number(statFields(processId)[6]) & exiting) !== 0;
}

/** Fields of proc_pid_stat(5) from the third on: behind the name, which may hold anything. */
function statFields(processId: number): string[] {
  const stat = readFileSync(`/proc/${processId}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Field 22 of proc_pid_stat(5): with the number it names one process for good (until the next boot). */
export function readStartTime(processId: number): string {
  return statFields(processId)[19] ?? '';
}

/** Namespaces that a payload joins: all but the user namespace, in which its capabilities would not count. */
export const joinedNamespaces = ['mnt', 'cgroup', 'uts', 'ipc', 'pid', 'net'] as const;

export function readNamespaces(processId: number | 'self'): Record<string, string> {
  const names = [...joinedNamespaces, 'user'];
  return Object.fromEntries(names.map((name) => [name, readlinkSync(`/proc/${processId}/ns/${name}`)]));
}

/** Lines of /proc/PID/cgroup (cgroups(7)), as our own cgroup namespace has them. */
export function readCgroups(processId: number | 'self'): string[] {
  return readFileSync(`/proc/${processId}/cgroup`, 'utf8').split('\n').filter(Boolean);
}
