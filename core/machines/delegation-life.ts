import type { EventType } from '../events/event-versions.js';

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

// Reported while requests are answered; the state stays, and is named so that XState's `can` says yes.
const answersRequestsIn = <State extends string>(state: State) => ({
  'request.answered': state,
  'request.refused': state,
  'request.cancelled': state,
  'request.lost': state,
  'request.summary': state,
  'delegation.quarantined': state,
  'delegation.degraded': state,
});

const canEnd = {
  'delegation.releasing': 'releasing',
  'delegation.failed': 'failed',
} as const;

/**
 * The life of a delegation: from each state the events that there may be, and where they lead. The one source
 * of the XState machine, which is the specification, and of the table that events are folded with. Nothing
 * follows a state that has no events.
 */
export const delegationLife: Readonly<
  Record<DelegationStateName, { readonly [Type in EventType]?: DelegationStateName }>
> = {
  /** Before the first event. */
  none: { 'delegation.requested': 'requested' },
  requested: { 'delegation.assessed': 'assessed', 'delegation.refused': 'refused', ...canEnd },
  assessed: { 'delegation.admitted': 'admitted', 'delegation.refused': 'refused', ...canEnd },
  admitted: { 'delegation.establishing': 'establishing', ...canEnd },
  establishing: {
    'delegation.active': 'active',
    // One for each step of a strategy that has some.
    'delegation.establishing': 'establishing',
    'delegation.recovering': 'recovering',
    // Another strategy enforces other things, so it is assessed and admitted anew.
    'delegation.fellback': 'assessed',
    ...canEnd,
  },
  active: {
    'delegation.snapshot': 'active',
    'delegation.recovering': 'recovering',
    // It is served while another strategy takes the place of the one that served.
    'delegation.fellback': 'recovering',
    ...answersRequestsIn('active'),
    ...canEnd,
  },
  recovering: {
    'delegation.active': 'active',
    'delegation.admitted': 'recovering',
    'delegation.establishing': 'recovering',
    // The process that was recovering may die as well.
    'delegation.recovering': 'recovering',
    'delegation.fellback': 'recovering',
    ...answersRequestsIn('recovering'),
    ...canEnd,
  },
  releasing: {
    'delegation.released': 'released',
    'delegation.failed': 'failed',
    // After a crash in the middle of a release, whoever takes over finishes it; where the listener is still
    // there, it is served until it is gone.
    'delegation.releasing': 'releasing',
    'delegation.recovering': 'recovering',
    ...answersRequestsIn('releasing'),
  },
  released: {},
  refused: {},
  failed: {},
};
