import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const SIGNAL_NONE = 0;

/** pidfd_open(2): a descriptor, closed on exec, or minus an errno. */
export function openProcess(processId: number): number {
  return systemCall('pidfd_open', processId, 0);
}

/** Does the process of a pidfd live, or wait to be reaped? (pidfd_send_signal(2) with no signal.) */
export function isProcessThere(pidfd: number): boolean {
  return systemCall('pidfd_send_signal', pidfd, SIGNAL_NONE, 0, 0) !== -3;
}

/** A copy of another process's descriptor, on the same open file description (pidfd_getfd(2)). */
export function takeDescriptor(pidfd: number, number: number): number {
  return systemCall('pidfd_getfd', pidfd, number, 0);
}

/** `PIDFD_GET_INFO` of <linux/pidfd.h> with a struct of its first version; the bit asks for the end. */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 1 << 3;
const infoBytes = 64;
const exitCodeOffset = 60;
let memory: NativeMemory | undefined;

/** How a process ended that was reaped, as wait(2) has it; undefined where Linux is older than 6.15. */
export function exitStatusOf(pidfd: number): number | undefined {
  memory ??= allocate(4096);
  const words = memory.i32;
  words.fill(0, 0, infoBytes / 4);
  words[0] = PIDFD_INFO_EXIT;
  if (systemCall('ioctl', pidfd, PIDFD_GET_INFO, memory.address) < 0) return undefined;
  return ((words[0] as number) & PIDFD_INFO_EXIT) === 0 ? undefined : words[exitCodeOffset / 4];
}
