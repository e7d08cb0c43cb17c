import type { AttachOptions } from '../../core/ports/request-service.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { LoopHandle } from './loop-handle.js';

/** A listener as the main thread holds it: which loop serves it, and how. */
export interface Attached {
  readonly key: number;
  readonly options: AttachOptions;
  policy: CompiledPolicyData;
  loop: LoopHandle;
  /** What a predecessor left unfinished, until a loop has it in hand. */
  former: readonly Uint8Array[];
  /** It stands in the journal whose it is. */
  isIntroduced: boolean;
  detached?: () => void;
}
