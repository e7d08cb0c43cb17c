import { type Injection, place } from './injection.js';
import { notifyCommand } from './injector-kernel.js';
import { requestField } from './protocol.js';
import { putWord } from './ptrace-words.js';

const O_CLOEXEC = 0o2000000;
/** A restart that the kernel always makes, handler or not (linux/errno.h). */
const ERESTARTNOINTR = -513;
const EINTR = -4;
/** Interruptions of the injector's own wait: each tries again, none of them for ever. */
const maximumTries = 1000;

/** Is the notification still unanswered? (SECCOMP_IOCTL_NOTIF_ID_VALID, seccomp_unotify(2)) */
export function isNotificationValid(injection: Injection): boolean {
  const id = injection.at(place.request + requestField.id);
  return injection.kernel.ioctl(injection.listener, notifyCommand.ID_VALID, id) === 0;
}

/**
 * Puts `descriptor` into the target's table at the lowest free number, closed on exec, without answering the
 * call (SECCOMP_IOCTL_NOTIF_ADDFD): the number, or minus an errno.
 */
export function addDescriptor(injection: Injection, descriptor: number): number {
  const at = place.answer;
  putId(injection);
  injection.memory.u32[(at + 8) >> 2] = 0;
  injection.memory.u32[(at + 12) >> 2] = descriptor;
  injection.memory.u32[(at + 16) >> 2] = 0;
  injection.memory.u32[(at + 20) >> 2] = O_CLOEXEC;
  for (let tries = 0; ; tries++) {
    const result = injection.kernel.ioctl(injection.listener, notifyCommand.ADDFD, injection.at(at));
    if (result !== EINTR || tries === maximumTries) return result;
  }
}

/**
 * Answers with a restart, which ends a wait that only fatal signals would (SECCOMP_IOCTL_NOTIF_SEND). To be
 * sent while a stop is pending, since the program would else see errno 513.
 */
export function sendRestart(injection: Injection): number {
  putId(injection);
  return sendRestartInPlace(injection);
}

/** As sendRestart, for any notification of this listener. */
export function sendRestartFor(injection: Injection, id: bigint): number {
  injection.memory.u64[place.answer >> 3] = id;
  return sendRestartInPlace(injection);
}

function sendRestartInPlace(injection: Injection): number {
  const at = place.answer;
  putWord(injection.memory, at + 8, 0);
  injection.memory.i32[(at + 16) >> 2] = ERESTARTNOINTR;
  injection.memory.u32[(at + 20) >> 2] = 0;
  for (let tries = 0; ; tries++) {
    const result = injection.kernel.ioctl(injection.listener, notifyCommand.SEND, injection.at(at));
    if (result !== EINTR || tries === maximumTries) return result;
  }
}

function putId(injection: Injection): void {
  const { u32 } = injection.memory;
  const id = (place.request + requestField.id) >> 2;
  u32[place.answer >> 2] = u32[id] as number;
  u32[(place.answer >> 2) + 1] = u32[id + 1] as number;
}
