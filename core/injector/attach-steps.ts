import type { InjectorEnvironment } from './environment.js';
import { type Injection, place } from './injection.js';
import { PTRACE_EVENT_STOP, stopEvent, stopSignal } from './injector-kernel.js';
import { addDescriptor, isNotificationValid, sendRestart } from './notification.js';
import { replyOutcome, replyReason, requestField } from './protocol.js';
import { DONE, subStep, WAIT } from './sub-steps.js';

const AUDIT_ARCH_X86_64 = 0xc000003e;
const X32_SYSCALL_BIT = 0x40000000;
const maximumSeizeTries = 50;
const seizeRetryUs = 1000;
const EPERM = -1;
const ENOENT = -2;
const ESRCH = -3;
const EIO = -5;
const ENOSYS = -38;
const EINPROGRESS = -115;

/** Sub-step 1. Everything that may refuse the request is asked before the target is touched. */
export function queue(injection: Injection, environment: InjectorEnvironment): number {
  const { memory, socketPair } = injection;
  const architecture = memory.u32[(place.request + requestField.architecture) >> 2] as number;
  const number = memory.u32[(place.request + requestField.number) >> 2] as number;
  const isNative = architecture === AUDIT_ARCH_X86_64 && (number & X32_SYSCALL_BIT) === 0;
  if (!environment.supportsRegisters || !isNative) return refuse(injection, ENOSYS, replyReason.architecture);
  if (!injection.withdrawing && !isNotificationValid(injection)) return cancel(injection, replyReason.none);
  if (injection.threadId <= 0) return refuse(injection, ESRCH, replyReason.threadGone);
  const filtersStay = !environment.maySuspendFilters && injection.kernel.hasRemedy('suspend');
  if (filtersStay && injection.kernel.countFilters(injection.threadId) > 1) {
    return refuse(injection, EPERM, replyReason.cannotSuspendFilters);
  }
  if (injection.withdrawing) return subStep.attach;
  const paired = injection.kernel.createSocketPair(socketPair);
  if (paired < 0) return refuse(injection, EIO, replyReason.internal);
  // A datagram of no bytes carries descriptors too, so the target needs no buffer for data.
  const sent = injection.kernel.sendWithDescriptors(socketPair[0] as number, memory.address, 0, [
    injection.source,
  ]);
  if (sent < 0) return refuse(injection, EIO, replyReason.internal);
  closeSource(injection);
  return subStep.attach;
}

/**
 * Sub-step 2. From here on no signal reaches the thread without our consent, so when the notification is
 * valid now, a stop with the same registers can only be that very call: nothing needs to be compared again
 * later, and the target's memory (which could make us wait) isn't read for it.
 */
export function attach(injection: Injection): number {
  if (!injection.attached) {
    // The options come later, with the thread stopped: its filters must not be off while it can run.
    const result = seizeThread(injection);
    if (result < 0) return seizeFailed(injection, result);
    injection.attached = true;
  }
  if (injection.withdrawing) return subStep.interrupt;
  if (isNotificationValid(injection)) return subStep.addSocket;
  injection.conclude(replyOutcome.cancelled);
  return subStep.letGo;
}

/** Tries again for a moment while an injector that is ending still has the thread. */
export function seizeThread(injection: Injection): number {
  const { threadId, kernel } = injection;
  for (let tries = 0; ; tries++) {
    const result = kernel.seize(threadId, 0);
    if (result !== EPERM || tries === maximumSeizeTries || !kernel.isTracedByInjector(threadId))
      return result;
    kernel.sleepUs(seizeRetryUs);
  }
}

function seizeFailed(injection: Injection, result: number): number {
  const reason =
    result === EPERM
      ? replyReason.tracedByAnother
      : result === ESRCH
        ? replyReason.threadGone
        : replyReason.internal;
  if (!injection.withdrawing && !isNotificationValid(injection)) return cancel(injection, reason);
  return refuse(injection, reason === replyReason.internal ? EIO : result, reason);
}

/** Sub-step 3. */
export function addSocket(injection: Injection, { scoreboard }: InjectorEnvironment): number {
  const end = injection.socketPair[1] as number;
  injection.strays = scoreboard.leftSockets(injection.threadId);
  injection.scoreboardSlot = scoreboard.note(injection.threadId, end);
  const result = addDescriptor(injection, end);
  closePair(injection);
  if (result === ENOENT || result === ESRCH || result === EINPROGRESS) {
    injection.conclude(replyOutcome.cancelled);
    return subStep.letGo;
  }
  if (result >= 0) {
    injection.socket = result;
    injection.strays.push(result);
  }
  // The errno can't be sent as an answer: the thread would run on, and only an interruption of what it does
  // then would let us end the tracing. It is given at the stop instead.
  else injection.fail(result, result === -24 ? replyReason.tableFull : replyReason.internal);
  return subStep.interrupt;
}

/** Sub-step 4. */
export function interruptThread(injection: Injection): number {
  if (injection.kernel.interrupt(injection.threadId) < 0) return subStep.gone;
  // Without WAIT_KILLABLE_RECV the interruption alone has ended the wait, and this fails with ENOENT: as
  // well.
  sendRestart(injection);
  closeListener(injection);
  return subStep.awaitStop;
}

/** Sub-step 5, at a stop. */
export function stopArrived(injection: Injection, status: number): number {
  if (stopEvent(status) === PTRACE_EVENT_STOP) return subStep.verify;
  // A signal came first. It is delivered at once and as it is: putting it back into the queue could merge it
  // with another or change their order. If it has a handler, the thread then stops at the handler's start.
  if (injection.kernel.interrupt(injection.threadId) < 0) return subStep.gone;
  return injection.kernel.resume(injection.threadId, stopSignal(status)) < 0 ? subStep.gone : WAIT;
}

/** Sub-step 18. */
export function letGo(injection: Injection): number {
  return injection.kernel.interrupt(injection.threadId) < 0 ? subStep.gone : WAIT;
}

/** Sub-step 18, at a stop: whichever it is, the kernel goes on from it as if nobody had traced. */
export function letGoStopped(injection: Injection, status: number): number {
  const signal = stopEvent(status) === PTRACE_EVENT_STOP ? 0 : stopSignal(status);
  return injection.kernel.detach(injection.threadId, signal) < 0 ? subStep.gone : DONE;
}

/** Sub-step 19: the status of its end is awaited, since its parent doesn't get it before we did. */
export function gone(injection: Injection): number {
  concludeGone(injection);
  return WAIT;
}

/** Notes that the thread has ended under our hands. */
export function concludeGone(injection: Injection): void {
  const outcome = injection.windowOpen ? replyOutcome.killed : replyOutcome.cancelled;
  injection.conclude(outcome, 0, replyReason.threadGone);
}

/** Closes whatever descriptors an injection still holds. */
export function closeAll(injection: Injection): void {
  closeSource(injection);
  closeListener(injection);
  closePair(injection);
}

function closeSource(injection: Injection): void {
  if (injection.source >= 0) injection.kernel.close(injection.source);
  injection.source = -1;
}

function closeListener(injection: Injection): void {
  if (injection.listener >= 0) injection.kernel.close(injection.listener);
  injection.listener = -1;
}

function closePair(injection: Injection): void {
  for (let index = 0; index < 2; index++) {
    const end = injection.socketPair[index] as number;
    if (end >= 0) injection.kernel.close(end);
    injection.socketPair[index] = -1;
  }
}

function refuse(injection: Injection, errno: number, reason: number): number {
  injection.conclude(replyOutcome.refused, errno, reason);
  return end(injection);
}

function cancel(injection: Injection, reason: number): number {
  injection.conclude(replyOutcome.cancelled, 0, reason);
  return end(injection);
}

/** A tracing that was taken over from an earlier injection must end too. */
function end(injection: Injection): number {
  return injection.attached ? subStep.letGo : DONE;
}
