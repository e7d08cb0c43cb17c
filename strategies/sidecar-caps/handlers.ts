import type { Handler, HandlerOf } from '../../core/steps/handler.js';
import type { Step } from '../../core/steps/step.js';
import { nameToHandleAt } from '../seccomp-notify/handlers/name-to-handle-at.js';
import { openByHandleAt } from '../seccomp-notify/handlers/open-by-handle-at.js';
import { recoverySteps } from '../seccomp-notify/handlers/recovery-steps.js';
import { handlersBut } from '../seccomp-notify/handlers/registry.js';
import { endingSteps, firstOwnStep, refuse } from '../seccomp-notify/handlers/shared-steps.js';

const own = { judge: firstOwnStep, recover: firstOwnStep + 1 } as const;

const ownSteps: readonly Step[] = [
  { name: 'judge-call', next: (context) => refuse(context, 'DEPUTY_E_REFUSED_SYSCALL_UNKNOWN') },
  ...recoverySteps({ recover: own.recover, resume: () => own.judge, answers: [], injecting: [], adding: [] }),
];

/** What the policy does not list: unlike a system call, a request can't be left to the kernel. */
const unlisted: Handler = {
  syscall: 'unlisted',
  first: own.judge,
  recover: own.recover,
  steps: [...endingSteps, ...ownSteps],
};

/**
 * Which handler serves a request of a broker: those of seccomp-notify, step by step, so that there is one
 * judgement of a handle and not two. Total.
 */
export const brokerHandlerOf: HandlerOf = handlersBut(unlisted);

/** All of them, for whoever replays a journal. */
export const brokerHandlers: readonly Handler[] = [openByHandleAt, nameToHandleAt, unlisted];
