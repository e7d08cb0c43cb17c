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

/**
 * A request's life: from each state the events that there may be, and where they lead. The one source of the
 * XState machine, which is the specification, and of the hot path's flat table. Nothing follows a state that
 * has no events.
 */
export const requestLife: Readonly<
  Record<RequestState, { readonly [Event in RequestEvent]?: RequestState }>
> = {
  received: {
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
  decided: {
    EXECUTE: 'executing',
    REFUSE: 'refusing',
    ANSWER: 'answering',
    CANCEL: 'cancelled',
    LOSE: 'lost',
    REISSUE: 'reissued',
    RECOVER: 'received',
  },
  executing: {
    EXECUTE: 'executing',
    INJECT: 'injecting',
    ANSWER: 'answering',
    REFUSE: 'refusing',
    CANCEL: 'cancelled',
    LOSE: 'lost',
    REISSUE: 'reissued',
    RECOVER: 'received',
  },
  injecting: {
    INJECTED: 'answered',
    EXECUTE: 'executing',
    ANSWER: 'answering',
    REFUSE: 'refusing',
    CANCEL: 'cancelled',
    LOSE: 'lost',
    REISSUE: 'reissued',
    RECOVER: 'received',
  },
  answering: {
    DONE: 'answered',
    ANSWER: 'answering',
    CANCEL: 'cancelled',
    LOSE: 'lost',
    REISSUE: 'reissued',
    RECOVER: 'received',
  },
  refusing: {
    DONE: 'refused',
    CANCEL: 'cancelled',
    LOSE: 'lost',
    REISSUE: 'reissued',
    RECOVER: 'received',
  },
  answered: {},
  refused: {},
  cancelled: {},
  lost: {},
  reissued: {},
};

/** In the flat table: this event is illegal in this state. */
export const illegal = 0xff;

/**
 * The life as a flat table: `table[state * requestEvents.length + event]` is the next state, or `illegal`.
 * That it says of every pair what XState says is tested, so that a process needs no XState to serve.
 */
export function compileRequestTable(): Uint8Array {
  const table = new Uint8Array(requestStates.length * requestEvents.length).fill(illegal);
  requestStates.forEach((state, stateNumber) => {
    requestEvents.forEach((event, eventNumber) => {
      const next = event === 'NONE' ? state : requestLife[state][event];
      if (next !== undefined) table[stateNumber * requestEvents.length + eventNumber] = requestState[next];
    });
  });
  return table;
}

/** True for states that nothing follows. */
export function isFinalRequestState(state: number): boolean {
  return state >= requestState.answered;
}
