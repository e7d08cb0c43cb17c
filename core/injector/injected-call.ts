import { copyOriginalRegisters, type Injection, place } from './injection.js';
import { PTRACE_EVENT_STOP, SYSCALL_STOP, stopEvent, stopSignal } from './injector-kernel.js';
import { replyReason, requestField } from './protocol.js';
import { argumentRegisters, register, syscallInstructionBytes } from './ptrace-registers.js';
import { getWord, putWord } from './ptrace-words.js';
import { subStep, WAIT } from './sub-steps.js';

const EIO = -5;
const SIGSTOP = 19;
/** Signals that the thread itself causes: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS (signal(7)). */
const faultSignals: ReadonlySet<number> = new Set([4, 5, 7, 8, 11, 31]);

/**
 * Starts a system call in the stopped target: at the `syscall` instruction of the call it was in, with no
 * restart to be made by the kernel (original rax -1). The thread stops again at its entry and at its exit.
 */
export function startCall(injection: Injection, number: number, ...values: number[]): number {
  const { memory } = injection;
  copyOriginalRegisters(injection);
  const pointer = getWord(memory, place.request + requestField.instructionPointer);
  putWord(memory, place.working + register.rip, pointer - syscallInstructionBytes);
  putWord(memory, place.working + register.rax, number);
  putWord(memory, place.working + register.originalRax, -1);
  values.forEach((value, index) => {
    putWord(memory, place.working + (argumentRegisters[index] as number), value);
  });
  injection.callPhase = 0;
  const result = injection.kernel.setRegisters(injection.threadId, injection.at(place.working));
  return result < 0 ? subStep.gone : go(injection, 0);
}

/** Acts on a stop during an injected call; `finish` gets the call's result at its end. */
export function callStopped(
  injection: Injection,
  status: number,
  finish: (injection: Injection, result: number) => number,
): number {
  const signal = stopSignal(status);
  if (stopEvent(status) === PTRACE_EVENT_STOP) {
    // A group stop began or ended. It takes effect when the tracing ends; until then the thread works for us.
    return go(injection, 0);
  }
  if (signal === SYSCALL_STOP) {
    if (injection.callPhase++ === 0) return go(injection, 0);
    if (injection.kernel.getRegisters(injection.threadId, injection.at(place.working)) < 0)
      return subStep.gone;
    return finish(injection, getWord(injection.memory, place.working + register.rax));
  }
  if (signal !== SIGSTOP && faultSignals.has(signal) && injection.kernel.hasRemedy('suspend')) {
    // The instruction is gone, which only the target itself can have done: no call can be made any more.
    injection.fail(EIO, replyReason.injectedCallFailed);
    return injection.retreating ? subStep.retreat : subStep.restore;
  }
  return go(injection, signal);
}

function go(injection: Injection, signal: number): number {
  return injection.kernel.resumeToSyscall(injection.threadId, signal) < 0 ? subStep.gone : WAIT;
}
