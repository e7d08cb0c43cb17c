import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { CheckedSegment } from './check-journal.js';
import type { JournalProblem } from './journal-problem.js';
import {
  isOneBitFrom,
  type OrderIndex,
  type OrderPlace,
  type OrderSlot,
  orderOffset,
} from './order-index.js';
import { recordOffset } from './segment-image.js';

/**
 * A thread takes its ticket and then writes the entry; when the process dies in between, the entries of
 * others that were faster follow an empty one.
 */
const cutShortLimit = 64;

interface OrderFindings {
  readonly problems: JournalProblem[];
  /** Tickets whose entry isn't right. */
  readonly badTickets: Set<number>;
  /** Those of them that stand far behind the last right entry: the order had not come there. */
  readonly strayTickets: Set<number>;
}

/** Checks the order areas against the records that were found. */
export function checkOrder(
  segments: readonly CheckedSegment[],
  index: OrderIndex,
  movedAside: readonly number[],
): OrderFindings {
  const known = segments.filter(({ segment }) => index.has(segment));
  const confirmed = new Set<number>();
  const damagedSlots = new Set<number>();
  const emptySlots = new Set<number>();
  for (const { segment, runs } of known) {
    for (const { place, kind, ticket, isEmpty = false } of runs) {
      if (isEmpty) emptySlots.add(segment * recordsPerSegment + place);
      if (kind === 'damaged') damagedSlots.add(segment * recordsPerSegment + place);
      else if (kind !== 'orphan' && ticket !== undefined) confirmed.add(ticket);
    }
  }
  const isAsked = askedTickets(known);
  // What the order may name without its being there to be looked at.
  const first = segments[0]?.segment ?? 0;
  const gone = new Set([...movedAside, ...segments.map(({ segment }) => segment)]);
  // Segments are let go from the first on, so only the eldest epoch that is left can have lost some.
  const mayBeDropped = (segment: number, epoch?: number): boolean =>
    segment >= 1 && segment < first && epoch === segments[0]?.truth.epoch;
  const isElsewhere = (segment: number, epoch?: number): boolean =>
    !index.has(segment) && (mayBeDropped(segment, epoch) || gone.has(segment));
  const mayNameNothing = (entry: OrderSlot, epoch?: number): boolean =>
    isElsewhere(entry.segment, epoch) || emptySlots.has(slotOf(entry));
  const last = lastTickets(known, () => true);
  // One wrong entry in a segment that nobody wrote to doesn't make all before it ones that are missing.
  const lastRight = lastTickets(known, (ticket, epoch) => {
    const entry = index.entry(ticket);
    // The order had come to what a record asks for, whatever stands there now.
    if (confirmed.has(ticket) || isAsked(ticket)) return true;
    if (typeof entry !== 'object') return false;
    return damagedSlots.has(slotOf(entry)) || isElsewhere(entry.segment, epoch);
  });
  const findings: OrderFindings = { problems: [], badTickets: new Set(), strayTickets: new Set() };
  for (const { segment, path, truth, isSealed } of known) {
    const lastTicket = last.get(truth.epoch ?? 0) ?? -1;
    for (let place = 0; place < recordsPerSegment; place++) {
      const ticket = segment * recordsPerSegment + place;
      if (ticket > lastTicket || confirmed.has(ticket)) continue;
      const entry = index.entry(ticket) as OrderPlace;
      const right = lastRight.get(truth.epoch ?? 0) ?? -1;
      const mayBeCutShort = ticket > right || (right - ticket < cutShortLimit && !isSealed);
      const fault =
        typeof entry === 'string'
          ? placeFault(entry, mayBeCutShort)
          : isAsked(ticket, mayNameNothing(entry, truth.epoch) ? { entry, epoch: truth.epoch } : undefined)
            ? `it names slot ${slotOf(entry)}, and the record that belongs there is another`
            : nameFault(entry, index, damagedSlots, isElsewhere(entry.segment, truth.epoch));
      if (fault === undefined) continue;
      findings.badTickets.add(ticket);
      if (ticket - right > cutShortLimit) findings.strayTickets.add(ticket);
      const detail = `ticket ${ticket}: ${fault}`;
      findings.problems.push({ segment, path, offset: orderOffset(place), detail });
    }
  }
  findings.problems.push(...orphanProblems(known, confirmed));
  return findings;
}

/**
 * Does a record ask for this ticket? One without an entry of its own does by what it says. A long event says
 * nothing: where an entry may name nothing, all that are left in its epoch may be meant; the last of them,
 * which may just not have been finished, if one bit is between the entry and its slot.
 */
function askedTickets(
  segments: readonly CheckedSegment[],
): (ticket: number, nothing?: { readonly entry: OrderSlot; readonly epoch: number | undefined }) => boolean {
  const asked = new Set<number>();
  const events = new Map<number | undefined, { segment: number; place: number; isLast: boolean }[]>();
  const lastEvents = lastEventsOf(segments);
  for (const { segment, truth, runs } of segments) {
    for (const { place, kind, ticket } of runs) {
      if (kind !== 'orphan') continue;
      const isLast = lastEvents.get(truth.epoch ?? 0) === segment * recordsPerSegment + place;
      if (ticket !== undefined) asked.add(ticket);
      else events.set(truth.epoch, [...(events.get(truth.epoch) ?? []), { segment, place, isLast }]);
    }
  }
  return (ticket, nothing) =>
    asked.has(ticket) ||
    (nothing !== undefined &&
      (events.get(nothing.epoch) ?? []).some((one) => !one.isLast || isOneBitFrom(nothing.entry, one)));
}

function lastEventsOf(segments: readonly CheckedSegment[]): Map<number, number> {
  const lastEvents = new Map<number, number>();
  for (const { segment, truth, runs } of segments) {
    for (const { place, kind, slots } of runs) {
      const isEvent = kind === 'event' || kind === 'cut' || (kind === 'orphan' && slots > 1);
      if (isEvent) lastEvents.set(truth.epoch ?? 0, segment * recordsPerSegment + place);
    }
  }
  return lastEvents;
}

/** What is wrong with an entry that names no record. */
function placeFault(entry: OrderPlace & string, mayBeCutShort: boolean): string | undefined {
  if (entry === 'lost') return undefined;
  if (entry === 'bad') return 'it names a place that no segment has';
  return mayBeCutShort ? undefined : 'nothing stands there, and more follows';
}

function slotOf({ segment, place }: OrderSlot): number {
  return segment * recordsPerSegment + place;
}

/** What is wrong with an entry whose record did not say that it is the one. */
function nameFault(
  { segment, place }: OrderSlot,
  index: OrderIndex,
  damagedSlots: ReadonlySet<number>,
  isElsewhere: boolean,
): string | undefined {
  if (isElsewhere) return undefined;
  if (!index.has(segment)) return `it names segment ${segment}, which is not there`;
  const slot = slotOf({ segment, place });
  // A damaged record is a problem by itself.
  return damagedSlots.has(slot) ? undefined : `it names slot ${slot}, which has no record of it`;
}

/** The last ticket of each epoch that something stands at which counts. */
function lastTickets(
  segments: readonly CheckedSegment[],
  counts: (ticket: number, epoch?: number) => boolean,
): Map<number, number> {
  const last = new Map<number, number>();
  for (const { segment, truth, ordered } of segments) {
    let used = ordered;
    while (used > 0 && !counts(segment * recordsPerSegment + used - 1, truth.epoch)) used--;
    if (used > 0) last.set(truth.epoch ?? 0, segment * recordsPerSegment + used - 1);
  }
  return last;
}

/**
 * A complete record that no entry names is the order's fault, or was cut short; unless the entry that it asks
 * for rightly names another one. One event an epoch may be unfinished: they have one writer.
 */
function orphanProblems(
  segments: readonly CheckedSegment[],
  confirmed: ReadonlySet<number>,
): JournalProblem[] {
  const problems: JournalProblem[] = [];
  const lastEvents = lastEventsOf(segments);
  for (const { segment, path, runs, truth } of segments) {
    for (const { place, kind, ticket, fault } of runs) {
      const slot = segment * recordsPerSegment + place;
      const isTwice = kind === 'orphan' && ticket !== undefined && confirmed.has(ticket);
      const isUnfinished = kind === 'cut' && lastEvents.get(truth.epoch ?? 0) !== slot;
      if (!isTwice && !isUnfinished) continue;
      const detail = isTwice
        ? `ticket ${ticket} is that of another record`
        : `an event is not finished, and others follow${fault === undefined ? '' : `: ${fault}`}`;
      problems.push({ segment, path, offset: recordOffset(place), detail: `record ${slot}: ${detail}` });
    }
  }
  return problems;
}
