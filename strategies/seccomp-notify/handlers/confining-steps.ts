import type { MountEntry } from '../../../core/ports/kernel.js';
import { judgeOpenedMount } from '../../../core/request/compiled-policy.js';
import type { Step, StepContext } from '../../../core/steps/step.js';
import { refuse, refuseByNumber } from './shared-steps.js';

/** Where the steps stand that confine handles. */
export interface ConfiningPlaces {
  readonly verifySeal: number;
  readonly checkRoot: number;
  /** What follows once the handle may be used. */
  readonly confined: number;
}

/**
 * A handle opens any file of its file system, also outside of what is shared. What keeps such ones out is, as
 * the policy has it, a seal, or that all of the file system is shared.
 */
export function confine(context: StepContext, places: ConfiningPlaces): number {
  const { policy, record } = context;
  const mount = record.mount as MountEntry;
  const refusal = judgeOpenedMount(policy, mount);
  if (refusal !== 0) return refuseByNumber(context, refusal);
  if (policy.confinement === 'sealed') return places.verifySeal;
  if (policy.confinement === 'none' || mount.isWhole === true) return places.confined;
  return mount.isWhole === false ? refuse(context, 'DEPUTY_E_REFUSED_MOUNT_ROOT') : places.checkRoot;
}

/** Asked once a mount: is its root really the file system's? */
export function checkRootStep(places: ConfiningPlaces): Step {
  return {
    name: 'check-root',
    act: ({ kernel, record }) => kernel.checkMountRoot(record),
    next: (context, result) => {
      (context.record.mount as MountEntry).isWhole = result === 1;
      return confine(context, places);
    },
  };
}
