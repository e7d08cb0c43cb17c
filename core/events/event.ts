import type { EventEnvelope } from './envelope.js';
import type { EventData, EventType } from './registry.js';

/** An event of one type. */
export type EventOf<Type extends EventType> = EventEnvelope & {
  readonly type: Type;
  readonly data: EventData<Type>;
};

/** Any event of deputy. */
export type DeputyEvent = { [Type in EventType]: EventOf<Type> }[EventType];
