import { seizeThread } from './attach-steps.js';
import { type Injection, place } from './injection.js';
import { PTRACE_EVENT_STOP, stopEvent, stopSignal } from './injector-kernel.js';
import { sendRestartFor } from './notification.js';
import { isRestartErrno, register } from './ptrace-registers.js';
import { getWord } from './ptrace-words.js';
import { reissueCode } from './reissue-protocol.js';
import { DONE, subStep, WAIT } from './sub-steps.js';

const EPERM = -1;
const ESRCH = -3;

/**
 * Sub-step 21. If the injector dies from here on, the kernel ends the tracing and nothing was changed: a
 * plain wait that the interruption ended is begun anew, a killable one goes on unless it was ended with -513,
 * which begins it anew too, since the thread still has work to do on its way out of the kernel.
 */
export function seizeBlocked(injection: Injection): number {
  if (injection.attached) return WAIT;
  const result = injection.threadId > 0 ? seizeThread(injection) : ESRCH;
  if (result >= 0) {
    injection.attached = true;
    return WAIT;
  }
  const isTraced = result === EPERM;
  setCode(
    injection,
    result === ESRCH ? reissueCode.gone : isTraced ? reissueCode.traced : reissueCode.refused,
  );
  return DONE;
}

/** Sub-step 22. Without WAIT_KILLABLE_RECV this alone ends the wait. */
export function interruptBlocked(injection: Injection): number {
  setCode(injection, reissueCode.pending);
  return injection.kernel.interrupt(injection.threadId) < 0 ? subStep.gone : WAIT;
}

/** Sub-step 23, once a batch: ENOENT for an id whose plain wait is over, or that a killed thread had. */
export function endWaits(injection: Injection): number {
  const { batch } = injection;
  if (!batch?.mayEndWaits) return DONE;
  for (const id of batch.request.notificationIds) {
    if (sendRestartFor(injection, id) >= 0) batch.endedWaits++;
  }
  return DONE;
}

/**
 * Sub-step 22, at a stop: whichever it is, the kernel goes on from it as if nobody had traced. A signal that
 * came first is delivered now, and where its handler makes the call end with EINTR, it did so by itself.
 */
export function blockedStopped(injection: Injection, status: number): number {
  if (injection.kernel.getRegisters(injection.threadId, injection.at(place.original)) < 0)
    return subStep.gone;
  setCode(injection, isToRestart(injection) ? reissueCode.reissued : reissueCode.gone);
  injection.pendingSignal = stopEvent(status) === PTRACE_EVENT_STOP ? 0 : stopSignal(status);
  return subStep.letRestart;
}

/** Sub-step 24. */
export function letRestart(injection: Injection): number {
  return injection.kernel.detach(injection.threadId, injection.pendingSignal) < 0 ? subStep.gone : DONE;
}

/** Does it stand in a notified call, where the kernel is about to make it anew? */
function isToRestart(injection: Injection): boolean {
  const number = getWord(injection.memory, place.original + register.originalRax);
  const numbers = injection.batch?.request.syscallNumbers ?? [];
  if (number < 0 || (numbers.length > 0 && !numbers.includes(number))) return false;
  return isRestartErrno(getWord(injection.memory, place.original + register.rax));
}

function setCode({ batch, batchIndex }: Injection, code: number): void {
  if (batch) batch.codes[batchIndex] = code;
}
