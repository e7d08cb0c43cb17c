import type { CompiledPolicy } from '../../core/request/compiled-policy.js';

/**
 * A policy as a loop needs it, with the numbers that the loop itself goes by. Survives structured cloning.
 */
export interface CompiledPolicyData extends CompiledPolicy {
  /** Requests that may wait for the injector at a time. */
  readonly inFlightPerTarget: number;
  readonly placement: 'none' | 'follow' | 'pin';
}
