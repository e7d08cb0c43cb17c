import { getPriority, setPriority } from 'node:os';

/** Niceness of this thread: where it shares a processor with a loop, requests come before events. */
const niceness = 10;

/** Makes way for the loops (setpriority(2)). */
export function giveWay(): void {
  try {
    setPriority(Math.max(niceness, getPriority()));
  } catch {
    // Only a courtesy to the loops.
  }
}
