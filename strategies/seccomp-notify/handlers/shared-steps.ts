import { errnoNumbers } from '../../../core/errors/errno.js';
import { type RefusalCode, refusalTable } from '../../../core/errors/refusals.js';
import { answerWay, offset } from '../../../core/request/record-layout.js';
import { type Step, type StepContext, stepEnd } from '../../../core/steps/step.js';

/**
 * The numbers of the steps by which every handler ends. They stand at the same place in each table, so that
 * each handler can jump to them by name.
 */
export const ending = {
  answerErrno: 0,
  answerRefusal: 1,
  answered: 2,
  refused: 3,
  cancelled: 4,
  closeSource: 5,
  closeProbe: 6,
} as const;

/** The first number that a handler may use for a step of its own. */
export const firstOwnStep = 7;

const ENOENT = -errnoNumbers.ENOENT;
const EINPROGRESS = -errnoNumbers.EINPROGRESS;

/** Where a request goes when its answer has been tried: gone targets are cancelled, not failed. */
function afterAnswer(result: number, done: number): number {
  if (result >= 0 || result === EINPROGRESS) return done;
  return ending.cancelled;
}

/** Sets the errno (negative, as the kernel gave it) that the target gets, and names the step that answers. */
export function giveErrno({ record }: StepContext, errno: number): number {
  record.setI32(offset.result, errno);
  return ending.answerErrno;
}

/** Sets the reason for which deputy says no, and names the step that tells the target. */
export function refuse({ record }: StepContext, code: RefusalCode): number {
  const { id, errno } = refusalTable[code];
  record.setU16(offset.reason, id);
  record.setI32(offset.result, -errnoNumbers[errno]);
  return ending.answerRefusal;
}

/** Refuses by a refusal's stored number. */
export function refuseByNumber(context: StepContext, id: number): number {
  for (const code of Object.keys(refusalTable) as RefusalCode[]) {
    if (refusalTable[code].id === id) return refuse(context, code);
  }
  return refuse(context, 'DEPUTY_E_REFUSED_HANDLER_FAILED');
}

/** Remembers what the target got, once the kernel took the answer. */
export function noteAnswer({ record }: StepContext, result: number, way: number): void {
  record.setI32(offset.result, result);
  record.setU8(offset.way, way);
}

function sendErrno(context: StepContext): number {
  const { record, kernel } = context;
  return kernel.answerValue(record, 0, -record.i32(offset.result));
}

function closeField(context: StepContext, field: number): number {
  const descriptor = context.record.i32(field);
  return descriptor < 0 ? 0 : context.kernel.closeDescriptor(descriptor);
}

/** The common end of all handlers, in the order of `ending`. */
export const endingSteps: readonly Step[] = [
  {
    name: 'answer-errno',
    event: 'ANSWER',
    act: sendErrno,
    next: (context, result) => {
      if (result >= 0) context.record.setU8(offset.way, answerWay.send);
      return afterAnswer(result, ending.answered);
    },
  },
  {
    name: 'answer-refusal',
    event: 'REFUSE',
    act: sendErrno,
    next: (context, result) => {
      if (result >= 0) context.record.setU8(offset.way, answerWay.send);
      return afterAnswer(result, ending.refused);
    },
  },
  { name: 'answered', event: 'DONE', next: () => ending.closeSource },
  { name: 'refused', event: 'DONE', next: () => ending.closeSource },
  {
    name: 'cancelled',
    event: 'CANCEL',
    next: ({ record }) => {
      record.setI32(offset.result, ENOENT);
      return ending.closeSource;
    },
  },
  {
    // Closed at once: while deputy holds a writable copy, executing the file fails with ETXTBSY.
    name: 'close-source',
    act: (context) => closeField(context, offset.sourceDescriptor),
    next: ({ record }) => {
      record.setI32(offset.sourceDescriptor, -1);
      return ending.closeProbe;
    },
  },
  {
    name: 'close-probe',
    act: (context) => closeField(context, offset.probeDescriptor),
    next: ({ record }) => {
      record.setI32(offset.probeDescriptor, -1);
      return stepEnd;
    },
  },
];
