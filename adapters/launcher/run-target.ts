import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { TargetEnd } from './launcher-process.js';

/** deputy's own exit code for a program that ended: its code, or 128+n for signal n, as shells have it. */
export function exitCodeOf({ code, signal }: TargetEnd): number {
  if (signal !== null) return 128 + (constants.signals[signal] ?? 0);
  return code ?? 125;
}

/** Signals that mean the program, not deputy. SIGTSTP and SIGCONT are left to the terminal's job control. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;
/** Those that a terminal sends to its whole foreground group, the program included. */
const fromTerminal: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH']);

/** Passes signals on to the target until the function that is returned is called. */
export function forwardSignals(target: { kill(signal: NodeJS.Signals): boolean }): () => void {
  const inForeground = isForegroundOfTerminal();
  const listeners = forwarded.map((signal) => {
    const listener = (): void => {
      // The terminal has sent it to the target already, since both are in one process group.
      if (inForeground && fromTerminal.has(signal)) return;
      target.kill(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}

/** Is this process in the foreground group of its terminal (fields 5 and 8 of proc_pid_stat(5))? */
function isForegroundOfTerminal(): boolean {
  try {
    const text = readFileSync('/proc/self/stat', 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5] && Number(fields[4]) !== 0;
  } catch {
    return false;
  }
}
