import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { TargetEnd } from './launcher-process.js';

/** deputy's own exit code for a program that ended: its code, or 128+n for signal n, as shells have it. */
export function exitCodeOf({ code, signal }: TargetEnd): number {
  if (signal !== null) return 128 + (constants.signals[signal] ?? 0);
  return code ?? 125;
}

/** Signals that mean the program, not deputy. */
const forwarded = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGTSTP',
  'SIGCONT',
] as const;
/** Those that a terminal sends to its whole foreground group. */
const fromTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGTSTP']);

/** What job control says of a process. */
export interface JobState {
  readonly processGroup: number;
  /** The foreground group of its terminal; -1 without one. */
  readonly foregroundGroup: number;
}

/** What signals are passed on to; `processId` tells whether it is still in our process group. */
export interface SignalReceiver {
  readonly processId?: number;
  kill(signal: NodeJS.Signals): boolean;
}

/** Passes signals on to the target until the function that is returned is called. */
export function forwardSignals(target: SignalReceiver): () => void {
  const listeners = forwarded.map((signal) => {
    const listener = (): void => {
      if (!hasItAlready(signal, readJobState('self'), readJobState(target.processId))) target.kill(signal);
      // The shell waits for deputy: unless that stops too, Ctrl-Z would not give the terminal back.
      if (signal === 'SIGTSTP') process.kill(process.pid, 'SIGSTOP');
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/**
 * Has the terminal sent this signal to the target as well? So it has when both are in the terminal's
 * foreground group. A program that made a group of its own (an interactive shell, setsid(1)) has not got it.
 * Pure.
 */
export function hasItAlready(
  signal: NodeJS.Signals,
  own: JobState | undefined,
  target: JobState | undefined,
): boolean {
  if (!fromTerminal.has(signal) || own === undefined) return false;
  if (own.processGroup !== own.foregroundGroup) return false;
  return target === undefined || target.processGroup === own.processGroup;
}

function readJobState(processId: number | 'self' | undefined): JobState | undefined {
  if (processId === undefined) return undefined;
  try {
    return parseJobState(readFileSync(`/proc/${processId}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Fields 5 (pgrp) and 8 (tpgid) of proc_pid_stat(5), behind a name that may hold anything. Pure. */
export function parseJobState(stat: string): JobState {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { processGroup: Number(fields[2]), foregroundGroup: Number(fields[5]) };
}
