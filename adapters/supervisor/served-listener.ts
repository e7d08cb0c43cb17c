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
}
