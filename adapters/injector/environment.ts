import { readFileSync } from 'node:fs';

/** What the injector may do here; found out once, at start. */
export interface InjectorEnvironment {
  /** PTRACE_O_SUSPEND_SECCOMP may be used. */
  maySuspendFilters: boolean;
  /** The register work is written for this machine. */
  readonly supportsRegisters: boolean;
}

/**
 * How many seccomp filters a thread has (Seccomp_filters of proc_pid_status(5)); 1 when it can't be told,
 * since there is at least the one that sent the notification.
 */
export function countFilters(threadId: number): number {
  try {
    const status = readFileSync(`/proc/${threadId}/status`, 'utf8');
    return Number(/^Seccomp_filters:\s*(\d+)$/m.exec(status)?.[1] ?? 1);
  } catch {
    return 1;
  }
}
