import { errnoNumbers } from '../../../core/errors/errno.js';
import { answerWay, effectMark, offset, recoveryKind } from '../../../core/request/record-layout.js';
import { type Step, type StepContext, stepPark } from '../../../core/steps/step.js';
import { ending, giveErrno, noteAnswer } from './shared-steps.js';

const O_ACCMODE = 0o3;
const O_APPEND = 0o2000;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const ENOENT = -errnoNumbers.ENOENT;

/**
 * The status flag by which a successor knows what was added for an unanswered request: one that the target
 * did not ask for, set on what deputy opens and taken away before it answers. 0 where no flag is left for
 * it.
 */
export function markOf(flags: number): number {
  if ((flags & (O_ACCMODE | O_APPEND)) === 0) return O_APPEND;
  return (flags & O_NONBLOCK) === 0 ? O_NONBLOCK : 0;
}

/** The mark, if the open may set it itself: with O_NONBLOCK it would not wait for the holder of a lease. */
export function markAtOpen(flags: number): number {
  return markOf(flags) & O_APPEND;
}

/** Where the steps of answering stand in their handler's table. */
export interface AnsweringPlaces {
  /** The number of addDescriptorStep(). */
  readonly add: number;
  /** The number of the first of answeringSteps(). */
  readonly adopt: number;
  readonly closeOnExec: (context: StepContext) => boolean;
  /** The status flags that the target shall find on its descriptor. */
  readonly flags: (context: StepContext) => number;
}

/** Notes in the record that an effect is about to happen. */
export function mark({ record }: StepContext, effect: number): void {
  record.setU16(offset.effectMark, record.u16(offset.effectMark) | effect);
}

/** Has an effect been noted? */
export function isMarked({ record }: StepContext, effect: number): boolean {
  return (record.u16(offset.effectMark) & effect) !== 0;
}

/** Adds the source descriptor to the caller's table. */
export function addDescriptorStep(places: AnsweringPlaces): Step {
  return {
    name: 'add-descriptor',
    event: 'ANSWER',
    act: (context) => {
      mark(context, effectMark.descriptor);
      const { record, kernel } = context;
      return kernel.addDescriptor(record, record.i32(offset.sourceDescriptor), places.closeOnExec(context));
    },
    next: (context, result) => {
      if (result === ENOENT) return ending.cancelled;
      return result < 0 ? giveErrno(context, result) : added(context, result, places);
    },
  };
}

/**
 * What follows: adopt-descriptor (only after a take-over), clear-mark, answer-number, withdraw-descriptor,
 * withdrawn, set-mark. Adding and answering are two calls, because the kernel's one call for both can be
 * interrupted, by a signal or by deputy's death, and the target's call then returns 0 without a descriptor.
 */
export function answeringSteps(places: AnsweringPlaces): readonly Step[] {
  const { adopt, add, flags } = places;
  return [
    {
      // An earlier try may have added the descriptor and not lived to answer.
      name: 'adopt-descriptor',
      event: 'ANSWER',
      act: (context) => {
        const { record, kernel } = context;
        const wanted = flags(context) & ~O_CLOEXEC;
        return kernel.adoptDescriptor(record, record.i32(offset.sourceDescriptor), wanted, markOf(wanted));
      },
      next: (context, result) => {
        if (result === ENOENT) return add;
        if (result < 0) return giveErrno(context, result);
        context.record.setU8(offset.recovery, recoveryKind['answered-by-id']);
        return added(context, result, places);
      },
    },
    {
      name: 'clear-mark',
      act: (context) => setStatusFlags(context, flags(context)),
      next: () => adopt + 2,
    },
    {
      name: 'answer-number',
      event: 'ANSWER',
      act: ({ kernel, record }) => kernel.answerValue(record, record.i32(offset.result), 0),
      next: (context, result) => {
        // A signal ended the call in between: a descriptor that nobody knows of must not stay.
        if (result === ENOENT) return adopt + 3;
        noteAnswer(context, context.record.i32(offset.result), answerWay.addfd);
        return ending.answered;
      },
    },
    {
      name: 'withdraw-descriptor',
      act: ({ kernel, record }) =>
        kernel.withdrawDescriptor(record, record.i32(offset.sourceDescriptor), record.i32(offset.result)),
      next: (_, result) => (result < 0 ? ending.cancelled : stepPark),
    },
    // Resumed when it is gone. There is nobody to tell: the call was given up.
    { name: 'withdrawn', next: () => ending.cancelled },
    {
      name: 'set-mark',
      act: (context) => setStatusFlags(context, flags(context) | markOf(flags(context))),
      next: () => add,
    },
  ];
}

/** The target has the descriptor: what is left is to make it an ordinary one, and to say its number. */
function added(context: StepContext, number: number, { adopt, flags }: AnsweringPlaces): number {
  context.record.setI32(offset.result, number);
  context.record.setI32(offset.addedNumber, number + 1);
  return markOf(flags(context)) === 0 ? adopt + 2 : adopt + 1;
}

/** The step after the open. */
export function afterOpen(context: StepContext, { add, adopt, flags }: AnsweringPlaces): number {
  if (isMarked(context, effectMark.descriptor)) return adopt;
  const wanted = flags(context);
  return markOf(wanted) === markAtOpen(wanted) ? add : adopt + 5;
}

function setStatusFlags({ kernel, record }: StepContext, flags: number): number {
  return kernel.setStatusFlags(record.i32(offset.sourceDescriptor), flags & ~O_CLOEXEC);
}
