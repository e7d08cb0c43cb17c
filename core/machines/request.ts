import { createMachine, getNextSnapshot } from 'xstate';

/**
 * The request machine, which is the specification of a request's life. The hot path runs the flat table that
 * `compileRequestTable` makes of it; journals of real runs are replayed through this machine itself.
 */
export const requestMachine = createMachine({
  id: 'request',
  initial: 'received',
  states: {
    received: {
      on: {
        DECIDE: 'decided',
        REFUSE: 'refusing',
        CANCEL: 'cancelled',
        ANSWER: 'answering',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
        // After a take-over: an injection that is under way is asked about, not begun again.
        INJECT: 'injecting',
      },
    },
    decided: {
      on: {
        EXECUTE: 'executing',
        REFUSE: 'refusing',
        ANSWER: 'answering',
        CANCEL: 'cancelled',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
      },
    },
    executing: {
      on: {
        EXECUTE: 'executing',
        INJECT: 'injecting',
        ANSWER: 'answering',
        REFUSE: 'refusing',
        CANCEL: 'cancelled',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
      },
    },
    injecting: {
      on: {
        INJECTED: 'answered',
        EXECUTE: 'executing',
        ANSWER: 'answering',
        REFUSE: 'refusing',
        CANCEL: 'cancelled',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
      },
    },
    answering: {
      on: {
        DONE: 'answered',
        ANSWER: 'answering',
        CANCEL: 'cancelled',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
      },
    },
    refusing: {
      on: {
        DONE: 'refused',
        CANCEL: 'cancelled',
        LOSE: 'lost',
        REISSUE: 'reissued',
        RECOVER: 'received',
      },
    },
    answered: { type: 'final' },
    refused: { type: 'final' },
    cancelled: { type: 'final' },
    lost: { type: 'final' },
    reissued: { type: 'final' },
  },
});

/** States in the order of their numbers in a record; append only, numbers are stored. */
export const requestStates = [
  'received',
  'decided',
  'executing',
  'injecting',
  'answering',
  'refusing',
  'answered',
  'refused',
  'cancelled',
  'lost',
  'reissued',
] as const;
export type RequestState = (typeof requestStates)[number];

/** Events in the order of their numbers; append only. */
export const requestEvents = [
  'NONE',
  'DECIDE',
  'EXECUTE',
  'INJECT',
  'INJECTED',
  'ANSWER',
  'REFUSE',
  'CANCEL',
  'DONE',
  'LOSE',
  'REISSUE',
  'RECOVER',
] as const;
export type RequestEvent = (typeof requestEvents)[number];

/** The number of a state, as stored. */
export const requestState = Object.fromEntries(requestStates.map((name, index) => [name, index])) as Record<
  RequestState,
  number
>;
/** The number of an event. */
export const requestEvent = Object.fromEntries(requestEvents.map((name, index) => [name, index])) as Record<
  RequestEvent,
  number
>;

/** In the flat table: this event is illegal in this state. */
export const illegal = 0xff;

/**
 * Compiles the machine: `table[state * requestEvents.length + event]` is the next state, or `illegal`. Asks
 * XState itself for every pair, so the table can't differ from the machine.
 */
export function compileRequestTable(): Uint8Array {
  const table = new Uint8Array(requestStates.length * requestEvents.length).fill(illegal);
  requestStates.forEach((state, stateNumber) => {
    const snapshot = requestMachine.resolveState({ value: state });
    table[stateNumber * requestEvents.length + requestEvent.NONE] = stateNumber;
    if (snapshot.status === 'done' || requestMachine.states[state]?.type === 'final') return;
    requestEvents.forEach((event, eventNumber) => {
      if (event === 'NONE' || !snapshot.can({ type: event })) return;
      const next = getNextSnapshot(requestMachine, snapshot, { type: event });
      table[stateNumber * requestEvents.length + eventNumber] = requestState[next.value as RequestState];
    });
  });
  return table;
}

/** True for states that nothing follows. */
export function isFinalRequestState(state: number): boolean {
  return state >= requestState.answered;
}
