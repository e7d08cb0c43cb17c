import { readFileSync } from 'node:fs';
import type { ThreadState } from '../machine.js';

/** Calls of x86-64 in which a thread of the target program waits for its next line: read, futex. */
const idleCalls = new Set(['0', '202']);
const notifiedCalls = new Set(['303', '304']);
const deadlineMs = 5_000;
const pauseMs = 1;

type Kind = ThreadState['kind'];

/** Where a thread is now; undefined while it is on its way. */
function look(processId: number, threadId: number): Kind | undefined {
  const directory = `/proc/${processId}/task/${threadId}`;
  try {
    const stat = readFileSync(`${directory}/stat`, 'latin1');
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'Z' || state === 'X') return 'gone';
    if (state === 'T') return 'stopped';
    if (state === 't') return 'traced';
    if (state === 'R') return undefined;
    const [number = ''] = readFileSync(`${directory}/syscall`, 'latin1').split(' ');
    if (idleCalls.has(number)) return 'idle';
    return notifiedCalls.has(number) ? 'waiting' : undefined;
  } catch {
    return 'gone';
  }
}

/** Waits until a thread stands still. */
export async function settledState(processId: number, threadId: number): Promise<Kind> {
  const deadline = performance.now() + deadlineMs;
  let before: Kind | undefined;
  for (;;) {
    const now = look(processId, threadId);
    // Twice the same: a lock that is held for a moment looks like the wait for a line.
    if (now !== undefined && now === before) return now;
    before = now;
    if (performance.now() > deadline) throw new Error(`thread ${threadId} does not come to rest`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
