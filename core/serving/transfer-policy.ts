import type { ResolvedPolicy } from '../policy/match.js';
import { type CompiledPolicy, compilePolicy } from '../request/compiled-policy.js';

/**
 * A policy as a loop needs it, with the numbers that the loop itself goes by. Survives structured cloning.
 */
export interface CompiledPolicyData extends CompiledPolicy {
  /** Requests that may wait for the injector at a time. */
  readonly inFlightPerTarget: number;
  readonly placement: 'none' | 'follow' | 'pin';
}

/** Makes what a loop needs of a policy. */
export function transferPolicy(policy: ResolvedPolicy): CompiledPolicyData {
  return {
    ...compilePolicy(policy),
    inFlightPerTarget: policy.limits.inFlightPerTarget,
    placement: policy.placement,
  };
}
