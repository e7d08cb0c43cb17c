import type { LoopListener } from '../linux/request-kernel/loop-listener.js';
import type { CompiledPolicyData } from './policy-transfer.js';

/** A listener as a loop serves it: its policy and what it has in flight. */
export interface Served {
  readonly listener: LoopListener;
  policy: CompiledPolicyData;
  parked: number;
  paused: boolean;
  hungUp: boolean;
  /** No longer ours to serve once what is in flight has ended. */
  leaving: boolean;
  /** Whether it had a request since forgetIdle() last looked. */
  wasBusy: boolean;
  /** What a predecessor left unfinished, eldest first: begun before anything else of this listener. */
  former: readonly Uint8Array[];
  /** Threads whose next call is one that was made anew. */
  readonly reissued: Set<number>;
}

export function serveListener(
  listener: LoopListener,
  policy: CompiledPolicyData,
  former: readonly Uint8Array[],
): Served {
  const state = { parked: 0, paused: false, hungUp: false, leaving: false, wasBusy: true };
  return { listener, policy, ...state, former, reissued: new Set() };
}
