import { escapeText } from '../../core/events/escape-text.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { hasNativeDirectories } from '../../core/policy/metadata.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { ShareAssessment, Strategy, Target } from '../../core/ports/strategy.js';
import { listenerAbilities } from './abilities.js';
import { Listeners } from './listeners.js';

export interface ListenerStrategyOptions {
  readonly service: RequestService;
  /** Looks whether the target's shares can be served under its policy; without it that shows call by call. */
  readonly assessShares?: (
    target: Target,
    policy: ResolvedPolicy,
  ) => ShareAssessment | Promise<ShareAssessment>;
}

/** What one strategy that answers every call of a listener has of its own. */
export interface ListenerStrategyTraits {
  readonly name: string;
  readonly needs: Strategy['needs'];
  /** Why it can't serve a target that came without a listener. */
  readonly withoutListener: string;
}

/** Longest text of one reason in an event. */
const reasonLimit = 1024;

/** A strategy that answers all calls of a target's listener, and leaves none of them to the kernel. */
export function listenerStrategy(
  { service, assessShares }: ListenerStrategyOptions,
  { withoutListener, ...own }: ListenerStrategyTraits,
): Strategy {
  return {
    ...own,
    enforces: listenerAbilities.enforces,
    answerer: service,
    async assess(target, policy) {
      const reasons: string[] = [];
      if (target.listener === undefined) reasons.push(withoutListener);
      if (hasNativeDirectories(target.metadata)) {
        reasons.push('its filter leaves opens of directories to the kernel, where they are not checked');
      }
      const obstacle = await service.obstacle();
      if (obstacle !== undefined) reasons.push(obstacle);
      const shares = (await assessShares?.(target, policy)) ?? { servable: true, reasons: [] };
      const possible = reasons.length === 0 && shares.servable;
      const said = shares.reasons.map((one) => escapeText(one, reasonLimit));
      return { possible, reasons: [...reasons, ...said] };
    },
    async establish(context) {
      const listeners = new Listeners(service, context, context.policy);
      await listeners.join(context.target);
      return listeners;
    },
  };
}
