import { readTextAt } from './basic-files.js';

/**
 * What /proc/TID/status says of a thread's credentials (proc_pid_status(5)); ids as deputy's namespace has
 * them.
 */
export interface ThreadStatus {
  readonly name: string;
  readonly threadGroupId: number;
  readonly tracerPid: number;
  readonly userIds: readonly number[];
  readonly groupIds: readonly number[];
  readonly groups: readonly number[];
  readonly effectiveCapabilities: bigint;
  readonly permittedCapabilities: bigint;
  readonly noNewPrivileges: boolean;
}

/** Supplementary groups can be 65,536; a status file with that many stays below this. */
const statusLimitBytes = 1 << 20;

/** Reads and parses the status of the thread whose /proc directory is open: it, or minus an errno. */
export function readThreadStatus(directory: number): ThreadStatus | number {
  const text = readTextAt(directory, 'status', statusLimitBytes);
  if (typeof text === 'number') return text;
  return parseThreadStatus(text);
}

/** The fields of the text of /proc/PID/status by their names: as text, and as numbers. Pure. */
export function statusFields(text: string): {
  readonly field: (name: string) => string;
  readonly numbers: (name: string) => number[];
} {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && !fields.has(line.slice(0, colon))) {
      fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }
  const field = (name: string): string => fields.get(name) ?? '';
  const numbers = (name: string): number[] =>
    field(name)
      .split(/\s+/)
      .filter((part) => part !== '')
      .map(Number);
  return { field, numbers };
}

/** Parses the text of /proc/TID/status. Pure. */
export function parseThreadStatus(text: string): ThreadStatus {
  const { field, numbers } = statusFields(text);
  return {
    name: field('Name'),
    threadGroupId: Number(field('Tgid')),
    tracerPid: Number(field('TracerPid')),
    userIds: numbers('Uid'),
    groupIds: numbers('Gid'),
    groups: numbers('Groups'),
    effectiveCapabilities: BigInt(`0x${field('CapEff') || '0'}`),
    permittedCapabilities: BigInt(`0x${field('CapPrm') || '0'}`),
    noNewPrivileges: field('NoNewPrivs') === '1',
  };
}

/**
 * Can this thread never get other credentials? With no_new_privs, no capability and all its ids equal it has
 * no way to change them (credentials(7)), so they may be remembered for the life of the thread.
 */
export function credentialsAreFixed(status: ThreadStatus): boolean {
  const allEqual = (ids: readonly number[]): boolean => ids.length === 4 && ids.every((id) => id === ids[0]);
  return (
    status.noNewPrivileges &&
    status.permittedCapabilities === 0n &&
    status.userIds[0] !== 0 &&
    allEqual(status.userIds) &&
    allEqual(status.groupIds)
  );
}
