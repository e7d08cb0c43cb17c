import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { eventFault, eventSlotsOf, freeFault, openRequestFault, requestFault } from './check-slot.js';
import type { OrderIndex } from './order-index.js';
import { recordOffset, type SegmentImage } from './segment-image.js';

/**
 * What stands in a slot. 'request' and 'event' are in the order; 'orphan' is complete, but no entry names it;
 * 'open' was received and not finished; 'cut' is an event that its writer did not finish; 'superseded' was
 * 'open' or 'orphan' when its writer died, and a later epoch has a record of the same call.
 */
export type SlotKind = 'free' | 'request' | 'event' | 'orphan' | 'open' | 'cut' | 'superseded' | 'damaged';

/** One record: a slot, or the row of slots of an event. */
export interface SlotRun {
  readonly place: number;
  readonly slots: number;
  readonly kind: SlotKind;
  /** Its place in the order; of an orphan what it says itself, which a long event doesn't. */
  readonly ticket?: number;
  readonly fault?: string;
  /** Of a damaged one: there is nothing in it, which no few wrong bits make of a record. */
  readonly isEmpty?: boolean;
}

export interface WalkOptions {
  readonly epoch: number;
  readonly index: OrderIndex;
  /** What is wrong with the path of a finished request; undefined if nothing is. */
  readonly pathFault: (record: RequestRecord) => string | undefined;
}

const wordRange = 2 ** 32;

/** Goes through the records of a segment. The record objects of `image` are not kept. */
export function* walkSlots(image: SegmentImage, options: WalkOptions): Generator<SlotRun> {
  for (let place = 0; place < recordsPerSegment; ) {
    const run = readSlot(image, place, options);
    yield run;
    place += run.slots;
  }
}

function readSlot(image: SegmentImage, place: number, options: WalkOptions): SlotRun {
  const record = image.record(place);
  const kind = record.u32(offset.kind);
  if (kind === recordKind.event) return readEvent(image, place, record, options);
  if (kind === recordKind.request) return readRequest(image, place, record, options);
  const claimed = options.index.claimsOn(image.segment * recordsPerSegment + place).length > 0;
  const damaged = (fault: string): SlotRun => ({ place, slots: 1, kind: 'damaged', fault });
  if (kind !== recordKind.free) return damaged(`there is no record of kind ${kind}`);
  if (claimed) {
    const isEmpty = record.notificationId === 0n && freeFault(record, options.epoch) === undefined;
    return { ...damaged('the order names it, and it is empty'), isEmpty };
  }
  // The kernel has written a request here, and the loop died before it could write anything.
  const isReceived = record.notificationId !== 0n && record.u32(offset.listener) !== 0;
  const fault = isReceived ? openRequestFault(record, options.epoch) : freeFault(record, options.epoch);
  if (fault !== undefined) return damaged(fault);
  return { place, slots: 1, kind: isReceived ? 'open' : 'free' };
}

function readRequest(
  image: SegmentImage,
  place: number,
  record: RequestRecord,
  { epoch, index, pathFault }: WalkOptions,
): SlotRun {
  const claims = index.claimsOn(image.segment * recordsPerSegment + place);
  const committed = record.u32(offset.commit);
  const damaged = (fault: string): SlotRun => ({ place, slots: 1, kind: 'damaged', fault });
  if (committed > 1) return damaged('its commit word is none');
  if (committed === 0) {
    const isNamed = claims.some((claim) => claim % wordRange === record.u32(offset.ticket));
    // Named by an entry that it knows nothing of, it is the entry that is wrong.
    if (isNamed) return damaged('the order names it, and it is not finished');
    const fault = openRequestFault(record, epoch);
    return fault === undefined ? { place, slots: 1, kind: 'open' } : damaged(fault);
  }
  const fault = requestFault(record, epoch) ?? pathFault(record);
  if (fault !== undefined) return damaged(fault);
  return placeInOrder(image.segment, place, 1, record, claims, 'request');
}

/** A record that says its own ticket is where the order has it, an orphan, or wrong about one of the two. */
function placeInOrder(
  segment: number,
  place: number,
  slots: number,
  record: RequestRecord,
  claims: readonly number[],
  kind: 'request' | 'event',
): SlotRun {
  const own = record.u32(offset.ticket);
  const ticket = claims.find((claim) => claim % wordRange === own);
  if (ticket !== undefined) return { place, slots, kind, ticket };
  if (claims.length > 0) {
    return { place, slots, kind: 'damaged', fault: 'its ticket is not the one that the order has it at' };
  }
  return { place, slots, kind: 'orphan', ticket: wholeTicket(own, segment) };
}

/** The ticket whose lower word is `low`, near the segment: tickets and slots are given out side by side. */
function wholeTicket(low: number, segment: number): number {
  const near = segment * recordsPerSegment;
  const base = near - (near % wordRange);
  const candidates = [base - wordRange + low, base + low, base + wordRange + low];
  return candidates.reduce((best, one) => (Math.abs(one - near) < Math.abs(best - near) ? one : best));
}

function readEvent(
  image: SegmentImage,
  place: number,
  record: RequestRecord,
  { epoch, index }: WalkOptions,
): SlotRun {
  const claims = index.claimsOn(image.segment * recordsPerSegment + place);
  const damaged = (fault: string, slots = 1): SlotRun => ({ place, slots, kind: 'damaged', fault });
  const said = eventSlotsOf(record);
  if (said === undefined || place + said > recordsPerSegment) return damaged("an event's length is wrong");
  if (record.u32(offset.epoch) !== epoch || record.u32(offset.listener) !== 0) {
    return damaged('a record of another kind says that it is an event');
  }
  const slots = Math.max(1, said);
  const start = recordOffset(place);
  const fault =
    said === 0
      ? 'its text is missing'
      : eventFault(record, image.bytes.subarray(start, start + slots * recordBytes), epoch);
  if (fault !== undefined) {
    return claims.length > 0 ? damaged(fault, slots) : { place, slots, kind: 'cut', fault };
  }
  if (slots === 1) {
    const committed = record.u32(offset.commit);
    if (committed === 0 && claims.length === 0) return { place, slots, kind: 'cut' };
    if (committed !== 1) return damaged('its commit word is none');
    return placeInOrder(image.segment, place, slots, record, claims, 'event');
  }
  // It doesn't say its ticket: with two claims on it, none can be believed.
  const [ticket] = claims;
  if (ticket === undefined || claims.length > 1) return { place, slots, kind: 'orphan' };
  return { place, slots, kind: 'event', ticket };
}
