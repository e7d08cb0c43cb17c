import { escapeText } from '../../core/events/escape-text.js';
import type { ResolvedPolicy } from '../../core/policy/match.js';
import { hasNativeDirectories } from '../../core/policy/metadata.js';
import type { RequestService } from '../../core/ports/request-service.js';
import type { ShareAssessment, Strategy, Target } from '../../core/ports/strategy.js';
import { listenerAbilities } from './abilities.js';
import { Listeners } from './listeners.js';

/** Longest text of one reason in an event. */
const reasonLimit = 1024;

export interface SeccompNotifyOptions {
  readonly service: RequestService;
  /** Looks whether the target's shares can be served under its policy; without it that shows call by call. */
  readonly assessShares?: (
    target: Target,
    policy: ResolvedPolicy,
  ) => ShareAssessment | Promise<ShareAssessment>;
}

/**
 * The seccomp-notify strategy: the target's calls are answered by deputy, one at a time, while the target
 * holds no privilege (seccomp_unotify(2)).
 */
export function seccompNotify(options: SeccompNotifyOptions): Strategy {
  const { service, assessShares } = options;
  return {
    name: 'seccomp-notify',
    ...listenerAbilities,
    answerer: service,
    async assess(target, policy) {
      const reasons: string[] = [];
      if (target.listener === undefined) reasons.push('the target came without a seccomp listener');
      if (hasNativeDirectories(target.metadata)) {
        reasons.push('its filter leaves opens of directories to the kernel, where they are not checked');
      }
      const obstacle = await service.obstacle();
      if (obstacle !== undefined) reasons.push(obstacle);
      const shares = (await assessShares?.(target, policy)) ?? { servable: true, reasons: [] };
      const possible = reasons.length === 0 && shares.servable;
      return {
        possible,
        reasons: [...reasons, ...shares.reasons.map((one) => escapeText(one, reasonLimit))],
      };
    },
    async establish(context) {
      const listeners = new Listeners(service, context, context.policy);
      await listeners.join(context.target);
      return listeners;
    },
  };
}
