import type { DeputyEvent } from '../../core/events/event.js';
import type { Invariant } from './invariant.js';

/** Safety: the store has what the journal has, in the journal's order, and nobody mixes into it. */
export const streamInOrder: Invariant = {
  id: 'stream-in-order',
  sentence: "Each event is in the store once, in the journal's order; nothing follows another writer's.",
  begin: (stage, broken) => {
    const ids = new Set<string>();
    let ticket = -1;
    let strangerAt: number | undefined;
    let isJournalWhole = true;
    const take = (event: DeputyEvent): void => {
      ids.add(event.id);
      ticket = Math.max(ticket, ticketOf(event) ?? ticket);
    };
    return {
      stored: (event, position) => {
        const own = ticketOf(event) ?? ticket;
        if (ids.has(event.id)) broken({ event: event.id, position, problem: 'it was there already' });
        if (isJournalWhole && own < ticket)
          broken({ event: event.id, position, problem: `a later one, ${ticket}, was there` });
        if (strangerAt !== undefined && !stage().scenario.setup.adopt) {
          broken({ event: event.id, position, problem: `another writer's is at ${strangerAt}` });
          strangerAt = undefined;
        }
        take(event);
      },
      strangerStored: (position) => {
        strangerAt = position;
      },
      // A journal that is made anew counts anew.
      faulted: ({ kind }) => {
        if (kind === 'journal') isJournalWhole = false;
      },
      // What is gone is sent again: the order goes on from what is left.
      storeLost: (_lost, left) => {
        ids.clear();
        ticket = -1;
        for (const event of left) take(event);
      },
    };
  },
};

function ticketOf(event: DeputyEvent): number | undefined {
  return (event as { readonly sequence?: number }).sequence;
}
