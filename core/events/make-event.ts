import type { EventEnvelope } from './envelope.js';
import type { EventOf } from './event.js';
import { eventId } from './event-id.js';
import { eventVersions } from './event-versions.js';
import type { EventData, EventType } from './registry.js';

/** What the maker of an event knows besides its type and data. */
export type EventContext = Omit<EventEnvelope, 'id' | 'type' | 'schemaVersion' | 'time'> & {
  /** Milliseconds since the epoch, from the Clock port. */
  readonly timeMs: number;
};

/** Puts an event together: id, schema version and ISO time follow from the rest. Nothing is validated. */
export function makeEvent<Type extends EventType>(
  type: Type,
  context: EventContext,
  data: EventData<Type>,
): EventOf<Type> {
  const { timeMs, ...rest } = context;
  const envelope: EventEnvelope = {
    id: eventId(rest.delegationId, rest.version),
    type,
    schemaVersion: eventVersions[type],
    time: new Date(timeMs).toISOString(),
    ...rest,
  };
  return { ...envelope, type, data };
}
