import {
  type DelegationState,
  evolveDelegation,
  initialDelegationState,
} from '../../core/machines/delegation-state.js';
import type { Invariant } from './invariant.js';

/** Safety: whoever folds the events gets a state, without a gap. */
export const eventsAreLegal: Invariant = {
  id: 'events-are-legal',
  sentence: "A delegation's events are a legal path of its machine, in order, each version once.",
  begin: (_, broken) => {
    const streams = new Map<string, DelegationState>();
    return {
      stored: (event) => {
        const state = streams.get(event.delegationId) ?? initialDelegationState;
        if (event.version !== state.version + 1) {
          broken({ event: event.id, type: event.type, after: state.version });
        }
        try {
          streams.set(event.delegationId, evolveDelegation(state, event));
        } catch (error) {
          broken({ event: event.id, type: event.type, state: state.name, error: String(error) });
        }
      },
      // What is gone is sent again: the path goes on from what is left.
      storeLost: (_, left) => {
        streams.clear();
        for (const event of left) {
          const state = streams.get(event.delegationId) ?? initialDelegationState;
          streams.set(event.delegationId, evolveDelegation(state, event));
        }
      },
    };
  },
};
