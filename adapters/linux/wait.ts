import { putWord } from '../../core/injector/ptrace-words.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const WNOHANG = 1;
/** Waits for threads as well as for processes (__WALL of linux/wait.h); implied for tracees, said anyway. */
const WALL = 0x40000000;

/**
 * Looks, without waiting, whether a traced thread has stopped or ended (wait4(2)).
 * The status goes to `statusAddress` (int). Gives the thread id, 0 when there is nothing new, or minus an
 * errno (-ECHILD: it isn't ours any more).
 */
export function pollThread(threadId: number, statusAddress: number): number {
  return systemCall('wait4', threadId, statusAddress, WALL | WNOHANG, 0);
}

/** Has the thread ended, by exit or by a signal? (WIFEXITED, WIFSIGNALED of wait(2)) */
export function hasEnded(status: number): boolean {
  return (status & 0xff) !== 0x7f;
}

let timeMemory: NativeMemory | undefined;

/** Sleeps less than a second (ppoll(2) without descriptors); a signal ends it early. */
export function sleepUs(us: number): void {
  timeMemory ??= allocate(4096);
  putWord(timeMemory, 0, 0);
  putWord(timeMemory, 8, us * 1000);
  systemCall('ppoll', 0, 0, timeMemory.address, 0, 0);
}
