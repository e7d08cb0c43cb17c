import { escapeText } from '../../core/events/escape-text.js';
import { judgeNative, type TargetHandleFacts } from '../../core/file-handles/target-facts.js';
import { wayOf } from '../../core/file-handles/ways.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { hasNativeDirectories } from '../../core/policy/metadata.js';
import type { Assessment, Strategy, Target } from '../../core/ports/strategy.js';
import { listenerAbilities } from '../seccomp-notify/abilities.js';
import type { ListenerStrategyOptions } from '../seccomp-notify/listener-strategy.js';
import { Listeners } from '../seccomp-notify/listeners.js';

export interface FileHandleOptions extends ListenerStrategyOptions {
  /**
   * Looks at what decides whether the kernel opens directories for the target itself. Without it a target
   * whose filter leaves them to the kernel is refused.
   */
  readonly inspectTarget?: (
    target: Target,
    policy: ResolvedPolicy,
  ) => TargetHandleFacts | undefined | Promise<TargetHandleFacts | undefined>;
}

/** Longest text of one reason in an event. */
const reasonLimit = 1024;

/** Why a policy can't be kept by it, whatever the target. */
function unfitFor({ confinement }: ResolvedPolicy): string | undefined {
  if (confinement === 'sealed') return undefined;
  return `it is made of sealed handles, and the policy has \`confinement: ${confinement}\``;
}

/** What is to be said of a target whose filter leaves directories to the kernel. */
async function assessNative(
  { inspectTarget }: FileHandleOptions,
  target: Target,
  policy: ResolvedPolicy,
): Promise<Assessment> {
  const facts = await inspectTarget?.(target, policy);
  if (facts === undefined) {
    const reason =
      'its filter leaves opens of directories to the kernel, and the target can not be looked at';
    return { possible: false, reasons: [reason] };
  }
  const { opens, reasons } = judgeNative(facts);
  if (!opens) {
    const remedy = 'Make its profile without --native-directories.';
    const why = 'its filter leaves opens of directories to the kernel, which would refuse them';
    return { possible: false, reasons: [`${why}: ${reasons.join('; ')}. ${remedy}`] };
  }
  const { unchecked, opens: what } = wayOf.nativeDirectories;
  return { possible: true, reasons: [`${what}; not checked there: ${unchecked.join('; ')}`, ...reasons] };
}

/** Directories that come to deputy, too: nothing of the policy is left out. */
const allNotified: Assessment = {
  possible: true,
  reasons: ['every open comes to deputy: its filter leaves none to the kernel'],
};

/**
 * The file-handle strategy: handles are sealed, and an open is done by whoever can with the least privilege.
 * Directories by the kernel itself, where it opens them for the target and the target's filter lets it (Linux
 * 6.11); everything else by deputy, which is notified of those opens alone. When kernels sign handles
 * themselves, their way is added to `ways` (core/file-handles/ways.ts).
 */
export function fileHandle(options: FileHandleOptions): Strategy {
  const { service, assessShares } = options;
  return {
    name: 'file-handle',
    // Whatever deputy does for a target is held to all of a policy. What the kernel opens for it is its own
    // right, as any call that no filter looks at, and is said in the assessment.
    ...listenerAbilities,
    answerer: service,
    unfitFor,
    async assess(target, policy) {
      const reasons: string[] = [];
      if (target.listener === undefined) reasons.push('the target came without a seccomp listener');
      const unfit = unfitFor(policy);
      if (unfit !== undefined) reasons.push(unfit);
      const obstacle = await service.obstacle();
      if (obstacle !== undefined) reasons.push(obstacle);
      const shares = (await assessShares?.(target, policy)) ?? { servable: true, reasons: [] };
      const native = hasNativeDirectories(target.metadata)
        ? await assessNative(options, target, policy)
        : allNotified;
      const possible = reasons.length === 0 && shares.servable && native.possible;
      const all = [...reasons, ...shares.reasons, ...native.reasons];
      return { possible, reasons: all.map((one) => escapeText(one, reasonLimit)) };
    },
    async establish(context) {
      const listeners = new Listeners(service, context, context.policy);
      await listeners.join(context.target);
      return listeners;
    },
  };
}
