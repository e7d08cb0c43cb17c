import type { Strategy } from '../../core/ports/strategy.js';
import { listenerAbilities } from '../seccomp-notify/abilities.js';
import { type ListenerStrategyOptions, listenerStrategy } from '../seccomp-notify/listener-strategy.js';

export type SidecarNotifierOptions = ListenerStrategyOptions;

/**
 * The notifier form of sidecar-caps: seccomp-notify from within the pod. What answers holds
 * CAP_DAC_READ_SEARCH alone and is of the target's user; the listener came from a wrapped program's keeper.
 */
export function sidecarNotifier(options: SidecarNotifierOptions): Strategy {
  return listenerStrategy(options, {
    name: 'sidecar-caps',
    needs: { ...listenerAbilities.needs, capabilities: ['CAP_DAC_READ_SEARCH'] },
    withoutListener: 'no wrapped program brought a listener',
  });
}
