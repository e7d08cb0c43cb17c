import { allocate } from './memory.js';
import { systemCall } from './native.js';

const SIG_SETMASK = 2;
const signalSetBytes = 8;
/** Raised by the thread's own instructions; blocked, they would kill the process at once (signal(7)). */
const synchronous = { SIGILL: 4, SIGTRAP: 5, SIGBUS: 7, SIGFPE: 8, SIGSEGV: 11 } as const;

/**
 * Blocks all signals of the calling thread but the synchronous ones (rt_sigprocmask(2)): 0 or minus an errno.
 * Signals sent to the process then reach other threads of it.
 */
export function blockSignals(): number {
  let blocked = 2n ** 64n - 1n;
  for (const signal of Object.values(synchronous)) blocked &= ~(1n << BigInt(signal - 1));
  const memory = allocate(4096);
  memory.u64[0] = blocked;
  return systemCall('rt_sigprocmask', SIG_SETMASK, memory.address, 0, signalSetBytes);
}
