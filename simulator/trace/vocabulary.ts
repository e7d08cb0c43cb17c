/** What an actor is; its lane in a picture gets its colour from this. */
export const actorKinds = [
  'thread',
  'target',
  'supervisor',
  'keeper',
  'standby',
  'injector',
  'kernel',
  'event-store',
  'service-manager',
  'scheduler',
  'operator',
] as const;
export type ActorKind = (typeof actorKinds)[number];

/** What an entry says. */
export const entryTypes = [
  'actor',
  'step',
  'call',
  'completion',
  'notification',
  'answer',
  'signal',
  'fault',
  'event',
  'state',
  'assumed',
  'violation',
  'note',
] as const;
export type EntryType = (typeof entryTypes)[number];

/** How a run ended. */
export const outcomes = ['held', 'broken', 'inconclusive'] as const;
export type Outcome = (typeof outcomes)[number];
