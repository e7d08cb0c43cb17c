import { errnoNumbers } from '../../../core/errors/errno.js';
import { answerWay, offset } from '../../../core/request/record-layout.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { recoverySteps } from './recovery-steps.js';
import { ending, endingSteps, firstOwnStep, noteAnswer, refuse } from './shared-steps.js';

const own = { judge: firstOwnStep, answerContinue: firstOwnStep + 1, recover: firstOwnStep + 2 } as const;

/** Numbers and arguments of another architecture mean something else; they are not looked at any further. */
function isForeign({ record, kernel }: StepContext): boolean {
  const { auditArchitecture, foreignSyscallBit } = kernel.abi;
  return (
    record.u32(offset.auditArchitecture) !== auditArchitecture ||
    (record.syscallNumber & foreignSyscallBit) !== 0
  );
}

const ownSteps: readonly Step[] = [
  {
    name: 'judge-call',
    next: (context) =>
      isForeign(context) ? refuse(context, 'DEPUTY_E_REFUSED_ARCHITECTURE') : own.answerContinue,
  },
  {
    // Safe for any call: the kernel runs it with the caller's own rights, as if nobody had listened. Runtimes
    // make calls of their own between the filter and exec that a broad profile sends here.
    name: 'answer-continue',
    event: 'ANSWER',
    act: ({ kernel, record }) => kernel.answerContinue(record),
    next: (context, result) => {
      if (result < 0 && result !== -errnoNumbers.EINPROGRESS) return ending.cancelled;
      noteAnswer(context, 0, answerWay.continue);
      return ending.answered;
    },
  },
  ...recoverySteps({
    recover: own.recover,
    resume: () => own.judge,
    answers: [own.answerContinue],
    injecting: [],
    adding: [],
  }),
];

/** Answers what the policy does not list or no handler knows, so that no call is ever left waiting. */
export const unlisted = {
  syscall: 'unlisted',
  first: own.judge,
  recover: own.recover,
  steps: [...endingSteps, ...ownSteps],
} as const;
