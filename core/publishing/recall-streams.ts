import type { EventStore } from '../ports/event-store.js';
import type { OpenStreams } from './open-streams.js';

/**
 * Where there is no checkpoint: what the streams were at a ticket, as the store has it. All from that ticket
 * on is read from the journal again. The store is in the order of tickets.
 */
export async function recallStreams(
  store: Pick<EventStore, 'readAll'>,
  before: number,
  streams: OpenStreams,
): Promise<void> {
  for await (const { event } of store.readAll()) {
    // The publisher's own addition to the envelope: the event's ticket.
    const { sequence = 0 } = event as { readonly sequence?: number };
    if (sequence >= before) return;
    streams.fold(event);
  }
}
