import type { MountEntry } from '../../core/ports/kernel.js';
import type { ServedState } from '../../core/serving/served-state.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { ModelMount } from '../kernel/file-tree.js';

/** A listener as a modelled loop knows it; what it keeps open of the target's mounts goes with it. */
export interface LoopListener {
  readonly key: number;
  /** Its descriptor in the supervisor's table; -1 for a target that is gone. */
  readonly descriptor: number;
  readonly mounts: Map<number, LoopMount>;
}

/** A mount with the policy's word on it, and the supervisor's own descriptor on it (-1: none yet). */
export interface LoopMount extends MountEntry {
  readonly mount: ModelMount;
  descriptor: number;
}

/** A listener as a modelled loop serves it. */
export interface LoopServed extends ServedState {
  readonly listener: LoopListener;
  policy: CompiledPolicyData;
  parked: number;
  paused: boolean;
  hungUp: boolean;
}
