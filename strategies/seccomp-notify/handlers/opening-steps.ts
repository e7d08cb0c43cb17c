import { errnoNumbers } from '../../../core/errors/errno.js';
import type { MountEntry } from '../../../core/ports/kernel.js';
import { judgeMount } from '../../../core/request/compiled-policy.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { ending, giveErrno, refuse, refuseByNumber } from './shared-steps.js';

const ENXIO = -errnoNumbers.ENXIO;
const EXDEV = -errnoNumbers.EXDEV;
const ESRCH = -errnoNumbers.ESRCH;

/** The first step of a handler: who calls? `next` is the step that reads the arguments. */
export function identifyStep(next: number): Step {
  return {
    name: 'identify-thread',
    act: ({ kernel, record }) => (record.threadId === 0 ? 0 : kernel.identifyThread(record)),
    next: (context, result) => {
      if (context.record.threadId === 0) return refuse(context, 'DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE');
      if (result === ESRCH) return ending.cancelled;
      if (result === EXDEV) return refuse(context, 'DEPUTY_E_REFUSED_FOREIGN_TARGET');
      return result < 0 ? refuse(context, 'DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE') : next;
    },
  };
}

/**
 * Asked after the arguments were copied: the thread that was read is then the one that waits, and not a later
 * one with the same number (seccomp_unotify(2), 'caveats regarding the use of /proc/tid').
 */
export function validateStep(next: (context: StepContext) => number): Step {
  return {
    name: 'check-notification',
    act: ({ kernel, record }) => kernel.checkNotification(record),
    next: (context, result) => (result < 0 ? ending.cancelled : next(context)),
  };
}

/** Looks up the mount of a descriptor that the caller named; the descriptor itself is never forwarded. */
export function findMountStep(next: number, descriptor: (context: StepContext) => number): Step {
  return {
    name: 'find-mount',
    event: 'DECIDE',
    act: (context) => context.kernel.findMount(context.record, descriptor(context)),
    next: (context, result) => {
      if (result === ENXIO) return refuse(context, 'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED');
      if (result < 0) return giveErrno(context, result);
      const mount = context.record.mount as MountEntry;
      if (mount.verdict < 0) mount.verdict = judgeMount(context.policy, mount);
      return mount.verdict === 0 ? next : refuseByNumber(context, mount.verdict);
    },
  };
}

/** From here on the thread acts with the caller's ids, so that the kernel checks the caller's rights. */
export function assumeIdentityStep(next: (context: StepContext) => number): Step {
  return {
    name: 'assume-identity',
    event: 'EXECUTE',
    act: ({ kernel, record }) => kernel.assumeIdentity(record),
    next: (context, result) =>
      result < 0 ? refuse(context, 'DEPUTY_E_REFUSED_HANDLER_FAILED') : next(context),
  };
}
