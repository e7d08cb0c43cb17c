import { createMachine, getNextSnapshot } from 'xstate';
import type { EventType } from '../events/event-versions.js';
import { type DelegationStateName, delegationLife } from './delegation-life.js';

/**
 * The life of a delegation, driven by the events of its stream: an event is a transition, and what an event
 * leaves behind is folded by core/machines/delegation-state.ts. There are no timers: a deadline is an event.
 */
export const delegationMachine = createMachine({
  id: 'delegation',
  initial: 'none',
  states: Object.fromEntries(
    Object.entries(delegationLife).map(([state, on]) => [
      state,
      Object.keys(on).length === 0 ? { type: 'final' as const } : { on },
    ]),
  ),
});

/**
 * One transition as XState itself makes it: the state after an event of this type, undefined if the state
 * allows no such event. Slow (tens of microseconds); the fold looks at the life itself, and a test compares
 * the two.
 */
export function delegationTransition(
  state: DelegationStateName,
  type: EventType,
): DelegationStateName | undefined {
  const snapshot = delegationMachine.resolveState({ value: state });
  const event = { type };
  if (snapshot.status !== 'active' || !snapshot.can(event)) {
    return undefined;
  }
  return getNextSnapshot(delegationMachine, snapshot, event).value as DelegationStateName;
}
