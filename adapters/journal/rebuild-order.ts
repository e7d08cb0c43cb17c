import { recordsPerSegment, segmentOf } from '../../core/journal/segment-layout.js';
import type { CheckedJournal } from './check-journal.js';
import { isOneBitFrom, type OrderPlace, type OrderSlot } from './order-index.js';
import type { RebuiltOrder } from './rebuild-segment.js';

/**
 * The order as it should be: what the records confirm; where an entry is wrong, the record that says that it
 * belongs there; 'lost' where there is none; 'empty' where the order had not come to. Long events don't say
 * their ticket, but one thread writes them all, so if as many are without an entry as entries are without a
 * record, they go in their order; else each goes where one bit made the entry name another slot.
 */
export function rebuildOrder(journal: CheckedJournal, isKept: (segment: number) => boolean) {
  const right = new Map<number, OrderSlot>();
  const damaged = new Set<number>();
  for (const { segment, runs } of journal.segments) {
    for (const { place, kind, ticket } of runs) {
      if (kind === 'damaged') damaged.add(segment * recordsPerSegment + place);
      const isWanted = kind === 'orphan' && ticket !== undefined && journal.badTickets.has(ticket);
      const isRight = kind === 'request' || kind === 'event';
      if (ticket !== undefined && (isRight || (isWanted && !right.has(ticket)))) {
        right.set(ticket, { segment, place });
      }
    }
  }
  for (const epoch of new Set(journal.segments.map(({ truth }) => truth.epoch))) {
    placeLongEvents(journal, epoch, right);
  }
  return (segment: number): RebuiltOrder =>
    Array.from({ length: recordsPerSegment }, (_, place) => {
      const ticket = segment * recordsPerSegment + place;
      const slot = right.get(ticket);
      if (slot !== undefined) return isKept(slot.segment) ? slot : 'lost';
      if (journal.strayTickets.has(ticket)) return 'empty';
      const entry = journal.index.entry(ticket) ?? 'empty';
      return entryOf(entry, journal.badTickets.has(ticket) || !isThere(entry, isKept), damaged);
    });
}

/** Readers would stop at an entry whose segment is no longer in its place. */
function isThere(entry: OrderPlace, isKept: (segment: number) => boolean): boolean {
  return typeof entry === 'string' || isKept(entry.segment);
}

/** What becomes of an entry that no record confirms. */
function entryOf(
  entry: OrderPlace,
  isBad: boolean,
  damaged: ReadonlySet<number>,
): OrderSlot | 'lost' | 'empty' {
  if (isBad || entry === 'bad' || entry === 'lost') return 'lost';
  // A commit that was cut short stays one.
  if (entry === 'empty' || entry === 'begun') return 'empty';
  return damaged.has(entry.segment * recordsPerSegment + entry.place) ? 'lost' : entry;
}

function placeLongEvents(
  journal: CheckedJournal,
  epoch: number | undefined,
  right: Map<number, OrderSlot>,
): void {
  const segments = journal.segments.filter(({ truth }) => truth.epoch === epoch);
  const events = segments.flatMap(({ segment, runs }) =>
    runs
      .filter(({ kind, ticket }) => kind === 'orphan' && ticket === undefined)
      .map(({ place }) => ({ segment, place })),
  );
  const numbers = new Set(segments.map(({ segment }) => segment));
  const tickets = [...journal.badTickets]
    .filter((ticket) => numbers.has(segmentOf(ticket)) && !right.has(ticket))
    .filter((ticket) => !journal.strayTickets.has(ticket))
    .sort((a, b) => a - b);
  if (tickets.length === events.length) {
    tickets.forEach((ticket, index) => {
      right.set(ticket, events[index] as OrderSlot);
    });
    return;
  }
  for (const ticket of tickets) {
    const entry = journal.index.entry(ticket);
    const meant = events.filter((event) => isOneBitFrom(entry, event));
    const [only] = meant;
    const rivals = tickets.filter((other) => only && isOneBitFrom(journal.index.entry(other), only));
    if (only !== undefined && meant.length === 1 && rivals.length === 1) right.set(ticket, only);
  }
}
