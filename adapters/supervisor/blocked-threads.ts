import { readdirSync, readFileSync } from 'node:fs';
import type { WaitingThread } from '../../core/serving/lost-calls.js';

/** Threads of one target that are looked at; what has more is looked at in part. */
const threadLimit = 65_536;

/** The threads of a target's processes that wait in one of these calls now (proc_pid_syscall(5)). */
export function blockedThreads(processId: number, syscallNumbers: ReadonlySet<number>): WaitingThread[] {
  const found: WaitingThread[] = [];
  let looked = 0;
  for (const pid of processesOf(processId)) {
    for (const name of list(`/proc/${pid}/task`)) {
      if (++looked > threadLimit) return found;
      const call = read(`/proc/${pid}/task/${name}/syscall`).trim();
      if (syscallNumbers.has(Number.parseInt(call, 10))) found.push({ threadId: Number(name), call });
    }
  }
  return found;
}

/** The container's processes: those of its cgroup, unless that is ours as well, and all descendants. */
function processesOf(processId: number): ReadonlySet<number> {
  const processes = new Set<number>();
  const pending = [processId, ...inCgroup(processId)];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    if (processes.has(pid)) continue;
    processes.add(pid);
    for (const thread of list(`/proc/${pid}/task`)) {
      pending.push(...read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number));
    }
  }
  return processes;
}

function inCgroup(processId: number): number[] {
  const path = cgroupOf(`${processId}`);
  if (path === undefined || path === '/' || path === cgroupOf('self')) return [];
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    const text = read(`${root}${path}/cgroup.procs`);
    if (text !== '') return text.split('\n').filter(Boolean).map(Number);
  }
  return [];
}

function cgroupOf(process: string): string | undefined {
  return /^0::(.*)$/m.exec(read(`/proc/${process}/cgroup`))?.[1];
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
