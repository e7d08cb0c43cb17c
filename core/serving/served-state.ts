import type { CompiledPolicy } from '../request/compiled-policy.js';

/** A listener as a loop serves it, as far as its requests are concerned. */
export interface ServedState {
  readonly listener: { readonly key: number };
  policy: CompiledPolicy;
  /** No longer ours to serve once what is in flight has ended. */
  leaving: boolean;
  /** What a predecessor left unfinished, eldest first: begun before anything else of this listener. */
  former: readonly Uint8Array[];
  /** Threads whose next call is one that was made anew. */
  readonly reissued: Set<number>;
}
