import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeputyEvent } from '../../../../core/events/event.js';
import { type EventType, eventTypes } from '../../../../core/events/event-versions.js';
import { delegationMachine, delegationTransition } from '../../../../core/machines/delegation.js';
import type { DelegationStateName } from '../../../../core/machines/delegation-life.js';
import {
  delegationAllows,
  foldDelegation,
  initialDelegationState,
  isDelegationOver,
  nextDelegationState,
} from '../../../../core/machines/delegation-state.js';
import { sampleEvent } from '../../../support/sample-events.js';

const stream = (...types: EventType[]): DeputyEvent[] =>
  types.map((type, index) => sampleEvent(type, 'blue-1', index + 1));
const toActive: EventType[] = [
  'delegation.requested',
  'delegation.assessed',
  'delegation.admitted',
  'delegation.establishing',
  'delegation.active',
];

describe('foldDelegation', () => {
  it('restores a whole life', () => {
    const events = stream(
      ...toActive,
      'request.answered',
      'request.refused',
      'delegation.quarantined',
      'delegation.recovering',
      'request.lost',
      'delegation.active',
      'request.cancelled',
      'delegation.releasing',
      'delegation.released',
    );
    expect(foldDelegation(events)).toEqual({
      name: 'released',
      delegationId: 'blue-1',
      tenant: 'blue',
      version: events.length,
      epoch: 1,
      strategy: 'seccomp-notify',
      policyDigest: '00112233445566ff',
      counts: { answered: 2, refused: 1, cancelled: 1, lost: 1 },
      quarantines: 1,
      recoveries: 1,
      lastError: null,
    });
  });

  it('goes on from a state that was kept, at any point', () => {
    const events = stream(...toActive, 'request.answered', 'delegation.fellback', 'delegation.failed');
    const whole = foldDelegation(events);
    for (let cut = 0; cut <= events.length; cut += 1) {
      const kept = JSON.parse(JSON.stringify(foldDelegation(events.slice(0, cut))));
      expect(foldDelegation(events.slice(cut), kept)).toEqual(whole);
    }
    expect(whole).toMatchObject({
      name: 'failed',
      strategy: 'sidecar-caps',
      lastError: { code: 'DEPUTY_E_HANDLER_FAILED' },
    });
  });

  it('one strategy takes another’s place while calls are answered, and processes die in the middle', () => {
    const inPlace: EventType[] = ['delegation.fellback', 'request.answered', 'delegation.admitted'];
    const events = stream(
      ...toActive,
      ...inPlace,
      'delegation.recovering',
      'request.answered',
      'delegation.active',
      ...inPlace,
      'delegation.establishing',
      'request.answered',
      'delegation.active',
    );
    expect(foldDelegation(events)).toMatchObject({ name: 'active', recoveries: 1 });
  });

  it('refuses a history that cannot be', () => {
    const illegal = { code: 'DEPUTY_E_ILLEGAL_TRANSITION' };
    expect(() => foldDelegation(stream('delegation.active'))).toThrow(expect.objectContaining(illegal));
    expect(() => foldDelegation(stream('delegation.requested', 'request.answered'))).toThrow(
      "delegation has no transition for 'request.answered' in state 'requested'",
    );
    expect(foldDelegation([])).toBe(initialDelegationState);
  });
});

describe('the flat table', () => {
  it('agrees with XState on each state and event type', () => {
    for (const state of Object.keys(delegationMachine.states) as DelegationStateName[]) {
      for (const type of eventTypes) {
        const expected = delegationTransition(state, type);
        expect(delegationAllows(state, type)).toBe(expected !== undefined);
        if (expected !== undefined) {
          expect(nextDelegationState(state, type)).toBe(expected);
        }
      }
    }
  });

  it('ends where the machine ends', () => {
    const ends = (Object.keys(delegationMachine.states) as DelegationStateName[]).filter(isDelegationOver);
    expect(ends.sort()).toEqual(['failed', 'refused', 'released']);
  });
});

it('any walk along allowed events can be released or has ended', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...eventTypes), { maxLength: 60 }), (types) => {
      let state: DelegationStateName = 'requested';
      for (const type of types) {
        if (delegationAllows(state, type)) {
          state = nextDelegationState(state, type);
        }
      }
      const canEnd = delegationAllows(state, 'delegation.failed') || isDelegationOver(state);
      expect(canEnd).toBe(true);
    }),
  );
});
