import { readdirSync } from 'node:fs';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { LaunchFailure, must } from './launcher-channel.js';

const lastSignal = 64;
const SIGKILL = 9;
const SIGSTOP = 19;
const SIG_SETMASK = 2;
const signalSetBytes = 8;
const CLOSE_RANGE_CLOEXEC = 4;
const lastDescriptor = 0xffffffff;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const ENOSYS = -38;
const EINVAL = -22;
const RLIMIT_NOFILE = 7;

/**
 * Gives every signal its default action and blocks none (rt_sigaction(2), rt_sigprocmask(2)). Handlers end
 * with execve(2) anyway, but what is ignored stays ignored, and Node ignores SIGPIPE and SIGXFSZ.
 */
export function resetSignals(): void {
  const zeros = allocate(4096);
  for (let signal = 1; signal <= lastSignal; signal++) {
    if (signal !== SIGKILL && signal !== SIGSTOP) {
      systemCall('rt_sigaction', signal, zeros.address, 0, signalSetBytes);
    }
  }
  must('signals', systemCall('rt_sigprocmask', SIG_SETMASK, zeros.address, 0, signalSetBytes));
}

/**
 * Keeps the standard streams, and marks everything above them to be closed on exec (close_range(2), Linux
 * 5.11), which also tells the parent that the program runs: its end of the channel reads the end of the file.
 */
export function closeDescriptorsOnExec(): void {
  // Node marks its standard streams as well when it starts; those belong to the program.
  for (const stream of [0, 1, 2]) systemCall('fcntl', stream, F_SETFD, 0);
  const result = systemCall('close_range', 3, lastDescriptor, CLOSE_RANGE_CLOEXEC);
  if (result >= 0) return;
  if (result !== ENOSYS && result !== EINVAL) throw new LaunchFailure('descriptors', -result);
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name);
    if (descriptor > 2) systemCall('fcntl', descriptor, F_SETFD, FD_CLOEXEC);
  }
}

/**
 * Sets the soft limit of open files back (prlimit(2)): Node raises its own to the hard limit, and programs
 * that close every descriptor up to the limit, or use select(2), would feel it. Best effort: it is only a
 * courtesy.
 */
export function lowerFileLimit(softLimit: number): void {
  const memory = allocate(4096);
  if (systemCall('prlimit64', 0, RLIMIT_NOFILE, 0, memory.address) < 0) return;
  const hardLimit = memory.u64[1] as bigint;
  if (BigInt(softLimit) > hardLimit) return;
  memory.u64[0] = BigInt(softLimit);
  systemCall('prlimit64', 0, RLIMIT_NOFILE, memory.address, 0);
}
