import { deputyError } from '../errors/deputy-error.js';
import type { DeputyEvent } from '../events/event.js';
import type { EventType } from '../events/event-versions.js';
import type { Counts, EventError } from '../events/vocabulary.js';
import { type DelegationStateName, delegationLife } from './delegation-life.js';

/** Everything that a delegation's events say, folded: plain data, no timers and no session ids. */
export interface DelegationState {
  readonly name: DelegationStateName;
  readonly delegationId: string | null;
  readonly tenant: string | null;
  /** The version of the last event. */
  readonly version: number;
  readonly epoch: number;
  readonly strategy: string | null;
  readonly policyDigest: string | null;
  readonly counts: Counts;
  readonly quarantines: number;
  readonly recoveries: number;
  /** Why its target is taken not to use handles; absent while it does, as far as requests have events. */
  readonly degraded?: string | undefined;
  /** The last reason for a refusal, a failure or a fallback. */
  readonly lastError: EventError | null;
}

/** A delegation before its first event. */
export const initialDelegationState: DelegationState = Object.freeze({
  name: 'none',
  delegationId: null,
  tenant: null,
  version: 0,
  epoch: 0,
  strategy: null,
  policyDigest: null,
  counts: Object.freeze({ answered: 0, refused: 0, cancelled: 0, lost: 0 }),
  quarantines: 0,
  recoveries: 0,
  lastError: null,
});

// A map, since names of states and events may come from a file: an object would know 'constructor' as well.
const transitions = new Map<string, ReadonlyMap<string, DelegationStateName>>(
  Object.entries(delegationLife).map(([state, on]) => [state, new Map(Object.entries(on))]),
);

/** The state after an event of this type; throws DEPUTY_E_ILLEGAL_TRANSITION if there is none. */
export function nextDelegationState(state: DelegationStateName, type: EventType): DelegationStateName {
  const next = transitions.get(state)?.get(type);
  if (next === undefined) {
    throw deputyError('DEPUTY_E_ILLEGAL_TRANSITION', { machine: 'delegation', state, event: type });
  }
  return next;
}

/** May an event of this type come in this state? */
export function delegationAllows(state: DelegationStateName, type: EventType): boolean {
  return transitions.get(state)?.has(type) ?? false;
}

/** Has the delegation ended? */
export function isDelegationOver(state: DelegationStateName): boolean {
  return transitions.get(state)?.size === 0;
}

/** The state after one more event. */
export function evolveDelegation(state: DelegationState, event: DeputyEvent): DelegationState {
  const envelope = {
    name: nextDelegationState(state.name, event.type),
    delegationId: event.delegationId,
    tenant: event.tenant,
    version: event.version,
    epoch: event.epoch,
  };
  return { ...state, ...envelope, ...changesOf(state, event) };
}

/** Restores a delegation from its events, in their order, from the start or from a state that was kept. */
export function foldDelegation(
  events: Iterable<DeputyEvent>,
  from: DelegationState = initialDelegationState,
): DelegationState {
  let state = from;
  for (const event of events) {
    state = evolveDelegation(state, event);
  }
  return state;
}

/** What an event changes beyond the envelope. */
function changesOf(state: DelegationState, event: DeputyEvent): Partial<DelegationState> {
  const { counts } = state;
  switch (event.type) {
    case 'delegation.admitted':
      return { strategy: event.data.strategy, policyDigest: event.data.policyDigest };
    case 'delegation.establishing':
      return { strategy: event.data.strategy };
    case 'delegation.active':
    case 'delegation.released':
      // A policy may record failures only; the summaries in these events then say more than was seen.
      return { counts: greaterCounts(counts, event.data.counts) };
    case 'delegation.recovering':
      return { recoveries: state.recoveries + 1 };
    case 'delegation.refused':
      return { lastError: errorOf(event.data) };
    case 'delegation.failed':
      return {
        lastError: errorOf(event.data),
        counts: event.data.counts === undefined ? counts : greaterCounts(counts, event.data.counts),
      };
    case 'delegation.fellback':
      return { lastError: errorOf(event.data), strategy: event.data.to };
    case 'delegation.snapshot': {
      const { strategy, policyDigest } = event.data;
      return { strategy, policyDigest, counts: greaterCounts(counts, event.data.counts) };
    }
    case 'delegation.quarantined':
      return { quarantines: state.quarantines + 1 };
    case 'delegation.degraded':
      return { degraded: event.data.reason };
    case 'request.answered': {
      const opens = event.data.syscall === 'open_by_handle_at' && event.data.result.errno === undefined;
      const ends = state.degraded !== undefined && opens ? { degraded: undefined } : {};
      return { ...ends, counts: { ...counts, answered: counts.answered + 1 } };
    }
    case 'request.refused':
      return { counts: { ...counts, refused: counts.refused + 1 } };
    case 'request.cancelled':
      return { counts: { ...counts, cancelled: counts.cancelled + 1 } };
    case 'request.lost':
      return { counts: { ...counts, lost: counts.lost + 1 } };
    case 'request.summary':
      return { counts: sumOfCounts(counts, event.data.requests) };
    default:
      return {};
  }
}

function errorOf({ code, message, remedy }: EventError): EventError {
  return { code, message, remedy };
}

function sumOfCounts(left: Counts, right: Counts): Counts {
  return {
    answered: left.answered + right.answered,
    refused: left.refused + right.refused,
    cancelled: left.cancelled + right.cancelled,
    lost: left.lost + right.lost,
  };
}

function greaterCounts(left: Counts, right: Counts): Counts {
  return {
    answered: Math.max(left.answered, right.answered),
    refused: Math.max(left.refused, right.refused),
    cancelled: Math.max(left.cancelled, right.cancelled),
    lost: Math.max(left.lost, right.lost),
  };
}
