import { readFileSync } from 'node:fs';

/** The process's title; just the 15 characters that the kernel keeps of it. */
export const injectorName = 'deputy-injector';

/**
 * How many seccomp filters a thread has (Seccomp_filters of proc_pid_status(5)); 1 when it can't be told,
 * since there is at least the one that sent the notification.
 */
export function countFilters(threadId: number): number {
  return Number(statusField(threadId, 'Seccomp_filters') ?? 1);
}

/**
 * Is the thread traced by another injector of the same user? One that is ending: its channels close before
 * the kernel ends its tracing, so that its successor may be too early by a moment.
 */
export function isTracedByInjector(threadId: number): boolean {
  const tracer = Number(statusField(threadId, 'TracerPid') ?? 0);
  // Not traced any more: it has just ended.
  if (tracer === 0) return true;
  const user = Number(statusField(tracer, 'Uid')?.split('\t')[1] ?? -1);
  return statusField(tracer, 'Name') === injectorName && user === process.geteuid?.();
}

const SIGKILL_BIT = 1n << 8n;
/** Set in a thread's flags from the moment it begins to end (PF_EXITING of linux/sched.h). */
const PF_EXITING = 4;

/** Is there such a thread, and will it go on? False once a SIGKILL is on its way to it. */
export function isThreadAlive(threadId: number): boolean {
  const state = statusField(threadId, 'State')?.[0];
  const pending = BigInt(`0x${statusField(threadId, 'SigPnd') ?? '0'}`);
  const shared = BigInt(`0x${statusField(threadId, 'ShdPnd') ?? '0'}`);
  if (state === undefined || 'ZX'.includes(state)) return false;
  if (((pending | shared) & SIGKILL_BIT) !== 0n) return false;
  // A signal that was taken is pending no more: what it has begun is seen here.
  return (flagsOf(threadId) & PF_EXITING) === 0;
}

/** The flags of /proc/TID/stat (proc_pid_stat(5)), which stand seven fields behind the name. */
function flagsOf(threadId: number): number {
  try {
    const text = readFileSync(`/proc/${threadId}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[6]);
  } catch {
    return PF_EXITING;
  }
}

function statusField(threadId: number, name: string): string | undefined {
  try {
    const status = readFileSync(`/proc/${threadId}/status`, 'utf8');
    return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
  } catch {
    return undefined;
  }
}
