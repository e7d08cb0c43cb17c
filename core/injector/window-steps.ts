import type { InjectorEnvironment } from './environment.js';
import { copyOriginalRegisters, type Injection, place, scratchBytes, scratchControlAt } from './injection.js';
import { messageHeader, PTRACE_EVENT_STOP, stopEvent, stopSignal, traceOption } from './injector-kernel.js';
import { replyNote, replyOutcome, requestField, requestFlag } from './protocol.js';
import { isRestartErrno, redZoneBytes, register, syscallInstructionBytes } from './ptrace-registers.js';
import { getWord, putWord, sameWord } from './ptrace-words.js';
import { DONE, subStep, WAIT } from './sub-steps.js';

const ESRCH = -3;
const alignment = 16;

/** Sub-step 6. */
export function verify(injection: Injection): number {
  if (injection.kernel.getRegisters(injection.threadId, injection.at(place.original)) < 0)
    return subStep.gone;
  const isAnswerable = !injection.withdrawing && isSameCall(injection);
  const isClean = injection.strays.length === 0;
  if (isAnswerable) return isClean ? subStep.giveErrno : subStep.openWindow;
  injection.retreating = true;
  injection.conclude(replyOutcome.cancelled);
  // Another thread may have closed the number meanwhile, and opened something else there.
  if (injection.withdrawing && !isStillOurs(injection)) return subStep.detach;
  if (isClean) return subStep.detach;
  if (hasSyscallInstruction(injection)) return subStep.openWindow;
  injection.notes |= replyNote.socketLeft;
  return subStep.detach;
}

/** Is the number in the target's table the same open file description as the source? */
function isStillOurs({ kernel, threadId, source, socket }: Injection): boolean {
  return kernel.isSameOpenFile(threadId, source, socket);
}

/** The thread stands where the kernel itself would go back by one instruction to restart this very call. */
function isSameCall(injection: Injection): boolean {
  const { memory } = injection;
  const original = (offset: number): number => getWord(memory, place.original + offset);
  return (
    original(register.originalRax) === memory.i32[(place.request + requestField.number) >> 2] &&
    isRestartErrno(original(register.rax)) &&
    matches(injection, register.rip, requestField.instructionPointer) &&
    matches(injection, register.rdi, requestField.arguments) &&
    matches(injection, register.rsi, requestField.arguments + 8) &&
    matches(injection, register.rdx, requestField.arguments + 16)
  );
}

function matches(injection: Injection, registerOffset: number, field: number): boolean {
  const { memory } = injection;
  return sameWord(memory, place.original + registerOffset, memory, place.request + field);
}

function hasSyscallInstruction(injection: Injection): boolean {
  const { memory, threadId } = injection;
  const pointer = getWord(memory, place.request + requestField.instructionPointer);
  const from = pointer - syscallInstructionBytes;
  const read = injection.kernel.readThreadMemory(
    threadId,
    from,
    injection.at(place.code),
    syscallInstructionBytes,
  );
  return read === syscallInstructionBytes && memory.u16[place.code >> 1] === 0x050f;
}

/** Sub-step 7: from here to sub-step 12 the target is right again, or dead. */
export function openWindow(injection: Injection, environment: InjectorEnvironment): number {
  const { threadId } = injection;
  if (injection.kernel.getSignalMask(threadId, injection.at(place.oldMask)) < 0) return subStep.gone;
  environment.scoreboard.outcomes.windowOpens(injection);
  const exitKill = injection.kernel.hasRemedy('exitkill') ? traceOption.EXITKILL : 0;
  const options = traceOption.TRACESYSGOOD | exitKill;
  const suspended = environment.maySuspendFilters
    ? injection.kernel.setOptions(threadId, options | traceOption.SUSPEND_SECCOMP)
    : -1;
  if (suspended < 0) {
    if (injection.kernel.setOptions(threadId, options) < 0) return subStep.gone;
    injection.notes |= replyNote.filtersActive;
  }
  injection.windowOpen = true;
  if (
    injection.kernel.hasRemedy('sigmask') &&
    injection.kernel.setSignalMask(threadId, injection.at(place.fullMask)) < 0
  )
    return subStep.gone;
  // Without a socket of its own it only cleans up, and gives the errno that kept it from more.
  return injection.retreating || injection.socket < 0 ? subStep.closeSocket : subStep.prepareScratch;
}

/** Sub-step 8: the stack below the red zone, if touching it can't make us wait; else a page of its own. */
export function prepareScratch(injection: Injection): number {
  const { memory, threadId } = injection;
  if ((injection.flags & requestFlag.privatePage) !== 0) return subStep.mapScratch;
  const top = getWord(memory, place.original + register.rsp) - redZoneBytes - scratchBytes;
  const address = Math.floor(top / alignment) * alignment;
  if (address <= 0 || injection.kernel.isAnonymousMemory(threadId, address, scratchBytes) !== 1)
    return subStep.mapScratch;
  const saved = injection.at(place.saved);
  if (injection.kernel.readThreadMemory(threadId, address, saved, scratchBytes) !== scratchBytes)
    return subStep.mapScratch;
  const written = writeScratch(injection, address);
  if (written === scratchBytes) {
    injection.scratchAddress = address;
    return subStep.receive;
  }
  if (written > 0) injection.kernel.writeThreadMemory(threadId, address, saved, written);
  return subStep.mapScratch;
}

/**
 * Writes struct msghdr (recvmsg(2)), no buffers, room for one descriptor: bytes written, or minus an errno.
 */
export function writeScratch(injection: Injection, address: number): number {
  const { memory } = injection;
  memory.u8.fill(0, place.scratch, place.scratch + scratchBytes);
  putWord(memory, place.scratch + messageHeader.control, address + scratchControlAt);
  putWord(memory, place.scratch + messageHeader.controlLength, scratchBytes - scratchControlAt);
  return injection.kernel.writeThreadMemory(
    injection.threadId,
    address,
    injection.at(place.scratch),
    scratchBytes,
  );
}

/** Sub-step 12. The original rax of -1 tells the kernel that there is nothing to restart. */
export function restore(injection: Injection, environment: InjectorEnvironment): number {
  const { threadId } = injection;
  if (injection.scratchAddress !== 0 && !injection.scratchIsPage) {
    injection.kernel.writeThreadMemory(
      threadId,
      injection.scratchAddress,
      injection.at(place.saved),
      scratchBytes,
    );
  }
  const result = injection.failure < 0 ? injection.failure : injection.delivered;
  const given = setResult(injection, result);
  if (given < 0 || restoreMask(injection) < 0) return spoiled(injection);
  return closeWindow(injection, environment, result);
}

/** The outcome is known to successors before the thread can run on with it. */
function closeWindow(injection: Injection, { scoreboard }: InjectorEnvironment, result: number): number {
  scoreboard.outcomes.windowCloses(injection, result);
  injection.kernel.crashPoint(subStep.restore, 'between');
  injection.windowOpen = false;
  injection.kernel.setOptions(injection.threadId, 0);
  injection.conclude(replyOutcome.completed, result, injection.failureReason);
  scoreboard.outcomes.conclude(injection);
  return subStep.detach;
}

/** Sub-step 20: one register is all that changes, at once, so there is no window. */
export function giveErrno(injection: Injection, { scoreboard }: InjectorEnvironment): number {
  if (setResult(injection, injection.failure) < 0) return subStep.gone;
  injection.conclude(replyOutcome.completed, injection.failure, injection.failureReason);
  scoreboard.outcomes.conclude(injection);
  return subStep.detach;
}

function setResult(injection: Injection, result: number): number {
  copyOriginalRegisters(injection);
  putWord(injection.memory, place.working + register.rax, result);
  putWord(injection.memory, place.working + register.originalRax, -1);
  return injection.kernel.setRegisters(injection.threadId, injection.at(place.working));
}

function restoreMask(injection: Injection): number {
  return injection.kernel.hasRemedy('sigmask')
    ? injection.kernel.setSignalMask(injection.threadId, injection.at(place.oldMask))
    : 0;
}

/**
 * Sub-step 17. A thread that was being interrupted in a call must end in the same kind of stop again: there
 * the kernel decides between a handler, EINTR and a restart, as if nobody had been there.
 */
export function retreat(injection: Injection): number {
  const { memory, threadId } = injection;
  if (injection.kernel.setRegisters(threadId, injection.at(place.original)) < 0) return spoiled(injection);
  if (restoreMask(injection) < 0) return spoiled(injection);
  const isInCall =
    getWord(memory, place.original + register.originalRax) >= 0 &&
    isRestartErrno(getWord(memory, place.original + register.rax));
  if (!isInCall) return leave(injection);
  if (injection.kernel.interrupt(threadId) < 0) return subStep.gone;
  return injection.kernel.resume(threadId, 0) < 0 ? subStep.gone : WAIT;
}

/** Sub-step 17, at a stop. */
export function retreatStopped(injection: Injection, status: number): number {
  if (stopEvent(status) !== PTRACE_EVENT_STOP) injection.pendingSignal = stopSignal(status);
  return leave(injection);
}

function leave(injection: Injection): number {
  injection.windowOpen = false;
  injection.kernel.setOptions(injection.threadId, 0);
  return subStep.detach;
}

/** Sub-step 13. */
export function detachThread(injection: Injection): number {
  injection.endedAtMs = injection.kernel.nowMs();
  return injection.kernel.detach(injection.threadId, injection.pendingSignal) < 0 ? subStep.gone : DONE;
}

/** The thread can't be put right: it is gone already, or it must go. */
function spoiled(injection: Injection): number {
  if (injection.kernel.killTraced(injection.threadId) !== ESRCH) injection.windowOpen = true;
  return subStep.gone;
}
