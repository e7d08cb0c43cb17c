import type { ServedState } from '../../core/serving/served-state.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { LoopListener } from '../linux/request-kernel/loop-listener.js';

/** A listener as a loop serves it: its policy and what it has in flight. */
export interface Served extends ServedState {
  readonly listener: LoopListener;
  policy: CompiledPolicyData;
  parked: number;
  paused: boolean;
  hungUp: boolean;
  /** Whether it had a request since forgetIdle() last looked. */
  wasBusy: boolean;
}

export function serveListener(
  listener: LoopListener,
  policy: CompiledPolicyData,
  former: readonly Uint8Array[],
): Served {
  const state = { parked: 0, paused: false, hungUp: false, leaving: false, wasBusy: true };
  return { listener, policy, ...state, former, reissued: new Set() };
}
