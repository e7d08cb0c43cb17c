import { deputyError } from '../../core/errors/deputy-error.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import type { AttachOptions, ServedListener } from '../../core/ports/request-service.js';
import { type CompiledPolicyData, transferPolicy } from '../../core/serving/transfer-policy.js';
import type { LoopHandle } from './loop-handle.js';

/** A loop that is stuck can't let go; its target is the one that keeps it. */
const letGoWithinMs = 2_000;

/** A listener as the main thread holds it: which loop serves it, and how. */
export interface Attached {
  readonly key: number;
  /** Of whoever attached last. */
  options: AttachOptions;
  policy: CompiledPolicyData;
  loop: LoopHandle;
  /** What a predecessor left unfinished, until a loop has it in hand. */
  former: readonly Uint8Array[];
  /** It stands in the journal whose it is. */
  isIntroduced: boolean;
  /** Whoever attaches next goes on with it. */
  isOffered: boolean;
  /** No task uses it any more, and it is closed. */
  isGone: boolean;
  detached?: () => void;
}

export function newAttached(
  key: number,
  options: AttachOptions,
  loop: LoopHandle,
  former: readonly Uint8Array[],
): Attached {
  const state = { isIntroduced: false, isOffered: false, isGone: false };
  return { key, options, policy: transferPolicy(options.policy), loop, former, ...state };
}

/** Has its loop serve a listener, once it stands in the journal whose it is. */
export function serve({ loop, key, policy, former, options, isIntroduced }: Attached): void {
  if (!isIntroduced) return;
  const { descriptor, cgroup } = options;
  const within = cgroup === undefined ? {} : { cgroup };
  loop.send({ kind: 'attach', key, descriptor, policy, ...within, former });
}

/** What whoever attached a listener can do with it. */
export function handleOf(
  attached: Attached,
  introduce: (policy: ResolvedPolicy) => void,
  detach: () => Promise<void>,
): ServedListener {
  const { key } = attached;
  return {
    key,
    setPolicy: (next) => {
      introduce(next);
      attached.policy = transferPolicy(next);
      attached.loop.send({ kind: 'policy', key, policy: attached.policy });
    },
    offer: () => {
      attached.isOffered = true;
    },
    detach,
  };
}

/** From now on others hear of a listener that was offered; its loop notices nothing. */
export function passOn(attached: Attached, options: AttachOptions): void {
  if (attached.isGone) throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'its listener has hung up' });
  attached.options = options;
  attached.isOffered = false;
}

/** Has its loop let go of a listener: resolves when it has, or had time enough. */
export async function letGo(attached: Attached): Promise<void> {
  const done = new Promise<void>((resolve) => {
    attached.detached = resolve;
  });
  if (attached.isIntroduced) attached.loop.send({ kind: 'detach', key: attached.key });
  else attached.detached?.();
  await Promise.race([done, new Promise<void>((resolve) => setTimeout(resolve, letGoWithinMs).unref())]);
}
