import { createMachine, getNextSnapshot } from 'xstate';
import type { EventType } from '../events/registry.js';

// Reported while requests are answered; the state stays, and is named so that XState's `can` says yes.
const answersRequestsIn = <State extends string>(state: State) => ({
  'request.answered': state,
  'request.refused': state,
  'request.cancelled': state,
  'request.lost': state,
  'delegation.quarantined': state,
});

const canEnd = {
  'delegation.releasing': 'releasing',
  'delegation.failed': 'failed',
} as const;

/**
 * The life of a delegation, driven by the events of its stream: an event is a transition, and what an event
 * leaves behind is folded by core/machines/delegation-state.ts. There are no timers: a deadline is an event.
 */
export const delegationMachine = createMachine({
  id: 'delegation',
  initial: 'none',
  states: {
    /** Before the first event. */
    none: { on: { 'delegation.requested': 'requested' } },
    requested: {
      on: { 'delegation.assessed': 'assessed', 'delegation.refused': 'refused', ...canEnd },
    },
    assessed: {
      on: { 'delegation.admitted': 'admitted', 'delegation.refused': 'refused', ...canEnd },
    },
    admitted: { on: { 'delegation.establishing': 'establishing', ...canEnd } },
    establishing: {
      on: {
        'delegation.active': 'active',
        'delegation.recovering': 'recovering',
        // Another strategy enforces other things, so it is assessed and admitted anew.
        'delegation.fellback': 'assessed',
        ...canEnd,
      },
    },
    active: {
      on: {
        'delegation.recovering': 'recovering',
        'delegation.fellback': 'assessed',
        ...answersRequestsIn('active'),
        ...canEnd,
      },
    },
    recovering: {
      on: {
        'delegation.active': 'active',
        // The process that was recovering may die as well.
        'delegation.recovering': 'recovering',
        'delegation.fellback': 'assessed',
        ...answersRequestsIn('recovering'),
        ...canEnd,
      },
    },
    releasing: {
      on: {
        'delegation.released': 'released',
        'delegation.failed': 'failed',
        // After a crash in the middle of a release, whoever takes over finishes it.
        'delegation.releasing': 'releasing',
        ...answersRequestsIn('releasing'),
      },
    },
    released: { type: 'final' },
    refused: { type: 'final' },
    failed: { type: 'final' },
  },
});

/** The name of a delegation's state. */
export type DelegationStateName =
  | 'none'
  | 'requested'
  | 'assessed'
  | 'admitted'
  | 'establishing'
  | 'active'
  | 'recovering'
  | 'releasing'
  | 'released'
  | 'refused'
  | 'failed';

/**
 * One transition as XState itself makes it: the state after an event of this type, undefined if the state
 * allows no such event. Slow (tens of microseconds); the fold runs a table that is made with it.
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
