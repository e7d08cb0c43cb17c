import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const RLIMIT_NICE = 13;
/** The limit is 20 minus the lowest niceness (getrlimit(2)). */
const niceOffset = 20;

let memory: NativeMemory | undefined;

/**
 * Lets threads of a process come back to this niceness without CAP_SYS_NICE: a loop that is started when its
 * process has made itself nicer must not be as nice. 0 or minus an errno.
 */
export function allowNiceness(pid: number, niceness: number): number {
  memory ??= allocate(4096);
  const limit = BigInt(niceOffset - niceness);
  memory.u64[0] = limit;
  memory.u64[1] = limit;
  return systemCall('prlimit64', pid, RLIMIT_NICE, memory.address, 0);
}
