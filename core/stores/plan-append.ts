import { deputyError } from '../errors/deputy-error.js';
import { ANY_VERSION, type ExpectedVersion } from '../ports/event-store.js';

/** What an append is decided on; a whole event is one, and so is one that has been serialized. */
export interface Versioned {
  readonly version: number;
  /** Absent where the stream's id was given once for all. */
  readonly delegationId?: string;
}

/**
 * Decides an append: which of these events are new to a stream that is at version `last`.
 * Versions up to `last` are resends of what is stored. Pure, so that every store decides alike.
 * `lastIsCertain` is false where retention may have dropped the stream's events, so that 0 proves nothing.
 * Throws DEPUTY_E_STORE_VERSION_CONFLICT, or DEPUTY_E_EVENT_INVALID for an event of another stream.
 */
export function planAppend<Event extends Versioned>(
  streamId: string,
  last: number,
  events: readonly Event[],
  expected: ExpectedVersion,
  lastIsCertain = true,
): readonly Event[] {
  let previous = expected === ANY_VERSION ? 0 : expected;
  for (const { version, delegationId = streamId } of events) {
    if (delegationId !== streamId) {
      const problems = `it belongs to ${delegationId}, not to stream ${streamId}`;
      throw deputyError('DEPUTY_E_EVENT_INVALID', { id: `${delegationId}/${version}`, problems });
    }
    const follows = expected === ANY_VERSION ? version > previous : version === previous + 1;
    if (!follows) {
      throw conflict(streamId, previous, `a next event other than version ${version}`);
    }
    previous = version;
  }
  const isAhead = expected !== ANY_VERSION && expected > last;
  if (isAhead && (lastIsCertain || last > 0)) {
    throw conflict(streamId, last, expected);
  }
  return events.filter(({ version }) => version > last);
}

function conflict(streamId: string, actual: number, expected: number | string) {
  return deputyError('DEPUTY_E_STORE_VERSION_CONFLICT', { streamId, actual, expected });
}
