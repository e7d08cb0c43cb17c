import { escapeText } from '../../core/events/escape-text.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { hasNativeDirectories } from '../../core/policy/metadata.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { ShareAssessment, Strategy, Target } from '../../core/ports/strategy.js';
import { listenerAbilities } from '../seccomp-notify/abilities.js';
import { Listeners } from '../seccomp-notify/listeners.js';

export interface SidecarNotifierOptions {
  readonly service: RequestService;
  /** Looks whether the target's shares can be served under its policy; without it that shows call by call. */
  readonly assessShares?: (
    target: Target,
    policy: ResolvedPolicy,
  ) => ShareAssessment | Promise<ShareAssessment>;
}

/** Longest text of one reason in an event. */
const reasonLimit = 1024;

/**
 * The notifier form of sidecar-caps: seccomp-notify from within the pod. What answers holds
 * CAP_DAC_READ_SEARCH alone and is of the target's user; the listener came from a wrapped program's keeper.
 */
export function sidecarNotifier({ service, assessShares }: SidecarNotifierOptions): Strategy {
  return {
    name: 'sidecar-caps',
    needs: { ...listenerAbilities.needs, capabilities: ['CAP_DAC_READ_SEARCH'] },
    enforces: listenerAbilities.enforces,
    answerer: service,
    async assess(target, policy) {
      const reasons: string[] = [];
      if (target.listener === undefined) reasons.push('no wrapped program brought a listener');
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
