import { errnoNumbers } from '../../../core/errors/errno.js';
import { requestState } from '../../../core/machines/request-life.js';
import {
  answerWay,
  effectMark,
  injectionOutcome,
  offset,
  recoveryKind,
} from '../../../core/request/record-layout.js';
import { type Step, type StepContext, stepPark } from '../../../core/steps/step.js';
import { isMarked } from './answering-steps.js';
import { ending, giveErrno, noteAnswer } from './shared-steps.js';

const ESRCH = -errnoNumbers.ESRCH;

/** Where the steps of a take-over stand in their handler's table, and how it goes on from them. */
export interface RecoveryPlaces {
  /** The number of the first of recoverySteps(). */
  readonly recover: number;
  /** Where a call that still waits goes on; its thread is known again. */
  readonly resume: (context: StepContext) => number;
  /** The steps that answer: what left off there has answered, if the call is over. */
  readonly answers: readonly number[];
  /** The steps at which the injector may have the call. */
  readonly injecting: readonly number[];
  /** The steps at which a descriptor may have been added for a call that is not answered yet. */
  readonly adding: readonly number[];
}

/** The step at which the predecessor left off. */
export function formerStep({ record }: StepContext): number {
  return record.u16(offset.formerStep) - 1;
}

function noteRecovery({ record }: StepContext, kind: number): void {
  record.setU8(offset.recovery, kind);
}

/**
 * How a request goes on whose process died: recover-check, recover-identify, recover-check-again,
 * ask-injector, injector-told, injector-completed, answered-before, refused-before.
 */
export function recoverySteps(places: RecoveryPlaces): readonly Step[] {
  const at = (index: number): number => places.recover + index;
  return [
    {
      // Does the target still wait for this very call?
      name: 'recover-check',
      event: 'RECOVER',
      act: ({ kernel, record }) => kernel.checkNotification(record),
      next: (context, result) => {
        if (result < 0) return judgeEnded(context, places);
        return isLate(context) ? giveErrno(context, -context.policy.deadlineErrno) : at(1);
      },
    },
    {
      name: 'recover-identify',
      act: ({ kernel, record }) => (record.threadId === 0 ? 0 : kernel.identifyThread(record)),
      next: (context, result) => {
        if (result === ESRCH) return ended(context);
        return isOver(context) ? places.resume(context) : at(2);
      },
    },
    {
      // Only now is it sure that the thread with this number is the one that waits.
      name: 'recover-check-again',
      act: ({ kernel, record }) => kernel.checkNotification(record),
      next: (context, result) => (result < 0 ? judgeEnded(context, places) : places.resume(context)),
    },
    {
      name: 'ask-injector',
      event: 'INJECT',
      act: ({ kernel, record }) => kernel.queryInjection(record),
      next: (context, result) => (result < 0 ? ended(context) : stepPark),
    },
    {
      // Resumed when the injector's word stands in the record.
      name: 'injector-told',
      next: (context) => {
        const { record } = context;
        if (record.u16(offset.injectionOutcome) !== injectionOutcome.completed) return ended(context);
        noteAnswer(context, record.i32(offset.result), answerWay.inject);
        noteRecovery(context, recoveryKind['answered-by-id']);
        return at(5);
      },
    },
    { name: 'injector-completed', event: 'INJECTED', next: () => ending.closeSource },
    { name: 'answered-before', event: 'ANSWER', next: () => ending.answered },
    { name: 'refused-before', event: 'REFUSE', next: () => ending.refused },
  ];
}

/**
 * Has the call waited beyond the policy's deadline while nobody answered? One that has effects already is
 * finished all the same.
 */
function isLate({ record }: StepContext): boolean {
  return record.u16(offset.effectMark) === effectMark.late;
}

/** The call is over. Did the predecessor answer it, or somebody for it, or did the target give it up? */
function judgeEnded(context: StepContext, places: RecoveryPlaces): number {
  const { record } = context;
  const left = formerStep(context);
  const state = record.u16(offset.formerState);
  // Who recovered and died meanwhile may have left off elsewhere since. Where a descriptor was added, what
  // the injector was asked for is to take it back.
  const isAdded = isMarked(context, effectMark.descriptor);
  const wasAsked = !isAdded && places.injecting.length > 0 && record.u16(offset.attempts) > 0;
  if (wasAsked || places.injecting.includes(left)) return places.recover + 3;
  const refusals: readonly number[] = [ending.answerRefusal, ending.refused];
  if (refusals.includes(left) || state === requestState.refused) return before(context, places.recover + 7);
  const answers: readonly number[] = [ending.answerErrno, ending.answered, ...places.answers];
  if (answers.includes(left) || state === requestState.answered) return before(context, places.recover + 6);
  // Also where a successor died on its way through: what its predecessor had added is there still.
  if (places.adding.includes(left) || isAdded) {
    return findAdded(context, places);
  }
  return ended(context);
}

/**
 * It died in the moment of its answer. Whether the kernel took that can't be seen any more; that the call is
 * over says so, unless a signal ended it in the same moment.
 */
function before(context: StepContext, next: number): number {
  noteRecovery(context, recoveryKind.none);
  return next;
}

function ended(context: StepContext): number {
  noteRecovery(context, recoveryKind.none);
  return ending.cancelled;
}

/**
 * The target gave the call up while a descriptor was on its way. One that got there is found, by its number
 * if that was noted or else by its mark, and taken back. This is before anything else of the target is
 * answered, so that a later call of the same thread can't have been given that number.
 */
function findAdded({ record }: StepContext, { recover }: RecoveryPlaces): number {
  record.setU16(offset.effectMark, record.u16(offset.effectMark) | effectMark.descriptor);
  record.setU16(offset.formerState, requestState.cancelled);
  return recover + 1;
}

/** Is the call known to be over, so that only what it left is looked for? */
function isOver({ record }: StepContext): boolean {
  return record.u16(offset.formerState) === requestState.cancelled;
}
