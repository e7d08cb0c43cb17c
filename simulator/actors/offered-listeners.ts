import type { Target } from '../../core/ports/strategy.js';
import type { OfferedListener } from './agent-link.js';

/** Those that were served before, by whose they were. */
export function byDelegation(listeners: readonly OfferedListener[]): ReadonlyMap<string, OfferedListener[]> {
  const grouped = new Map<string, OfferedListener[]>();
  for (const listener of listeners) {
    if (listener.note === undefined) continue;
    const { delegationId } = listener.note;
    grouped.set(delegationId, [...(grouped.get(delegationId) ?? []), listener]);
  }
  return grouped;
}

export function targetOf({ key, state, descriptor }: OfferedListener): Target {
  return { ...state, listener: descriptor, listenerKey: key };
}
