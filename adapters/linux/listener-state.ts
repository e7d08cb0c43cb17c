import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { notifyCommand } from './seccomp.js';

const POLLOUT = 4;
const timeoutAt = 64;
const idAt = 128;

let memory: NativeMemory | undefined;

/** Has a seccomp listener calls that were received and are unanswered (seccomp_unotify(2))? */
export function hasReceivedCalls(listener: number): boolean {
  memory ??= allocate(4096);
  memory.i32[0] = listener;
  memory.i32[1] = POLLOUT;
  memory.u64[timeoutAt >> 3] = 0n;
  memory.u64[(timeoutAt >> 3) + 1] = 0n;
  systemCall('ppoll', memory.address, 1, memory.address + timeoutAt, 0, 0);
  return ((memory.u16[3] as number) & POLLOUT) !== 0;
}

/** Is this the id of a call that was received and is unanswered (SECCOMP_IOCTL_NOTIF_ID_VALID)? */
export function isReceived(listener: number, notificationId: bigint): boolean {
  memory ??= allocate(4096);
  memory.u64[idAt >> 3] = notificationId;
  return systemCall('ioctl', listener, notifyCommand.ID_VALID, memory.address + idAt) === 0;
}

const F_DUPFD_CLOEXEC = 1030;

/** A copy of a descriptor (fcntl(2)): its number, or minus an errno. */
export function copyDescriptor(descriptor: number): number {
  return systemCall('fcntl', descriptor, F_DUPFD_CLOEXEC, 0);
}
