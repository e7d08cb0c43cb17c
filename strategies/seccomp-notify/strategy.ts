import type { Strategy } from '../../core/ports/strategy.js';
import { listenerAbilities } from './abilities.js';
import { type ListenerStrategyOptions, listenerStrategy } from './listener-strategy.js';

export type SeccompNotifyOptions = ListenerStrategyOptions;

/**
 * The seccomp-notify strategy: the target's calls are answered by deputy, one at a time, while the target
 * holds no privilege (seccomp_unotify(2)).
 */
export function seccompNotify(options: SeccompNotifyOptions): Strategy {
  return listenerStrategy(options, {
    name: 'seccomp-notify',
    needs: listenerAbilities.needs,
    withoutListener: 'the target came without a seccomp listener',
  });
}
