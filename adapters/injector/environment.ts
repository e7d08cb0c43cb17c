import { readFileSync } from 'node:fs';
import type { Scoreboard } from './scoreboard.js';

/** The process's title; just the 15 characters that the kernel keeps of it. */
export const injectorName = 'deputy-injector';

/** What the injector may do here; found out once, at start. */
export interface InjectorEnvironment {
  /** PTRACE_O_SUSPEND_SECCOMP may be used. */
  maySuspendFilters: boolean;
  /** The register work is written for this machine. */
  readonly supportsRegisters: boolean;
  readonly scoreboard: Scoreboard;
}

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

function statusField(threadId: number, name: string): string | undefined {
  try {
    const status = readFileSync(`/proc/${threadId}/status`, 'utf8');
    return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
  } catch {
    return undefined;
  }
}
