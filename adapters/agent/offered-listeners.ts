import type { Target } from '../../core/ports/strategy.js';
import type { LostListener } from '../keeper/protocol.js';
import type { OfferedListener } from './keeper-link.js';

/** A listener that a wrapped program's keeper brought to a sidecar. */
export const wrapperOrigin = 'wrapper';

/** What a sidecar writes to a listener that was brought back and is not known. */
export const servedAnnotation = 'deputy.served-before';

/** Listeners that were served already, by the delegation that they belong to. */
export function byDelegation(listeners: readonly OfferedListener[]): ReadonlyMap<string, OfferedListener[]> {
  const grouped = new Map<string, OfferedListener[]>();
  for (const listener of listeners) {
    if (listener.note === undefined) continue;
    const { delegationId } = listener.note;
    grouped.set(delegationId, [...(grouped.get(delegationId) ?? []), listener]);
  }
  return grouped;
}

/** The target that a listener came from, as an engine takes it. */
export function targetOf({ key, state, descriptor, origin }: OfferedListener): Target {
  const { listenerIndex: _index, bundle: _bundle, ...said } = state;
  const ownName = origin === wrapperOrigin ? { isNamedByDeputy: true } : {};
  return { ...said, ...ownName, listener: descriptor, listenerKey: key };
}

/** A container whose process is there still, but whose listener is nowhere. */
export function isAlive({ state }: LostListener): boolean {
  try {
    process.kill(state.processId, 0);
    return true;
  } catch (error) {
    // A supervisor may not signal what is another user's: that is there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Served by a predecessor of whom nothing is left: calls may be under way that no journal tells of. */
export function wasServed({ state, origin }: OfferedListener): boolean {
  // From a runtime it would be the pod author's word.
  return origin === wrapperOrigin && state.annotations[servedAnnotation] !== undefined;
}
