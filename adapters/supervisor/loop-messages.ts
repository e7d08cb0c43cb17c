import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import type { SealKeySet } from '../keys/index.js';

/** What a loop is told. Messages lie in its port until the loop is woken through its eventfd. */
export type LoopCommand =
  | { readonly kind: 'segments'; readonly segments: readonly { segment: number; address: number }[] }
  | {
      readonly kind: 'attach';
      readonly key: number;
      readonly descriptor: number;
      readonly policy: CompiledPolicyData;
      readonly cgroup?: string;
      /** Records that a predecessor left unfinished, eldest first. */
      readonly former: readonly Uint8Array[];
    }
  /** Records are written under this epoch; comes before the first segment. */
  | { readonly kind: 'epoch'; readonly epoch: number }
  | { readonly kind: 'forget-segments'; readonly before: number }
  | { readonly kind: 'policy'; readonly key: number; readonly policy: CompiledPolicyData }
  | { readonly kind: 'detach'; readonly key: number }
  | { readonly kind: 'reissued'; readonly key: number; readonly threadIds: readonly number[] }
  | { readonly kind: 'injector'; readonly descriptor: number }
  /** The process has its filter: the loop puts its own on itself. */
  | { readonly kind: 'filter' }
  /** Lets go of a listener, which another loop takes, if nothing of it waits for the injector. */
  | { readonly kind: 'hand-back'; readonly key: number }
  /** Lets go of what it holds of targets that had no request since the last time. */
  | { readonly kind: 'forget-idle' }
  /** Seals are made and checked with these keys from now on. */
  | { readonly kind: 'keys'; readonly keys: SealKeySet };

/** What a loop tells. */
export type LoopReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'hangup'; readonly key: number }
  | { readonly kind: 'detached'; readonly key: number }
  | { readonly kind: 'handed-back'; readonly key: number }
  /** What a predecessor left of this listener is in hand; from now on it is served. */
  | { readonly kind: 'recovered'; readonly key: number }
  | { readonly kind: 'need-segment' }
  | { readonly kind: 'keys-taken' }
  | { readonly kind: 'injector-lost' }
  | {
      readonly kind: 'handler-failed';
      readonly key: number;
      readonly request: string;
      readonly message: string;
    }
  | { readonly kind: 'failed'; readonly message: string; readonly errno?: number };

/** What a loop's worker is started with. */
export interface LoopStart {
  readonly counters: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly wakeDescriptor: number;
  /** Niceness that the process was started with; see setpriority(2). */
  readonly niceness: number;
  /** Is the process to get a filter still? Then the loop waits with its own until it is told. */
  readonly filterLater: boolean;
  /** URL of the module that exports `handlerOf`. */
  readonly handlersModule: string;
}
