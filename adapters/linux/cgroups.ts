import { readFileSync } from 'node:fs';
import { namespaceIdentity } from './namespaces.js';

/** PROC_PID_INIT_INO of linux/proc_ns.h. */
const initialPidNamespace = 0xeffffffcn;
/** cgroups v2, and controllers of v1 in which every container has a place of its own. */
const preferred = [
  /^0::\/./,
  /^\d+:name=systemd:\/./,
  /^\d+:pids:\/./,
  /^\d+:memory:\/./,
  /^\d+:devices:\/./,
];

/** Where the kernel has a process. */
export interface ProcessPlace {
  /** The line of its /proc/PID/cgroup that tells containers apart; none when it is in no cgroup. */
  readonly cgroup?: string;
  /** There is none. Only known where pids are the whole machine's. */
  readonly isMissing?: boolean;
}

/** Looks where a process is (cgroups(7)); of 0, none, it says nothing. */
export function placeOf(pid: number): ProcessPlace {
  if (pid === 0) return {};
  try {
    const cgroup = cgroupLine(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
    return cgroup === undefined || cgroup === ownCgroup() ? {} : { cgroup };
  } catch {
    return namespaceIdentity('self', 'pid') === initialPidNamespace ? { isMissing: true } : {};
  }
}

/** What is in deputy's own cgroup is told from nothing by it: `deputy run` starts its target there. */
function ownCgroup(): string | undefined {
  return cgroupLine(readFileSync('/proc/self/cgroup', 'utf8'));
}

/** The line that tells containers apart, of the text of /proc/PID/cgroup. Pure. */
export function cgroupLine(text: string): string | undefined {
  const lines = text.split('\n');
  for (const pattern of preferred) {
    const line = lines.find((one) => pattern.test(one));
    if (line !== undefined) return line;
  }
  return undefined;
}
