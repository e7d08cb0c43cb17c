import {
  lostEntry,
  orderEntryBytes,
  placeIn,
  recordsPerSegment,
  segmentHeaderBytes,
  segmentOf,
} from '../../core/journal/segment-layout.js';

/** A slot, as an entry of the order names it. */
export interface OrderSlot {
  readonly segment: number;
  readonly place: number;
}

/** What stands at a place of an order area. */
export type OrderPlace = 'empty' | 'begun' | 'lost' | 'bad' | OrderSlot;

/** Bytes from a segment's start to an entry of its order area. */
export function orderOffset(place: number): number {
  return segmentHeaderBytes + place * orderEntryBytes;
}

/**
 * The order areas of all segments, and which record each entry claims. Which of two claims on one record is
 * right is for the record to say.
 */
export class OrderIndex {
  private readonly areas = new Map<number, Uint32Array>();
  /** Of each slot the first ticket that claims it, plus one. */
  private readonly firstClaims = new Map<number, Float64Array>();
  /** Further claims on a slot, of which a sound journal has none. */
  private readonly moreClaims = new Map<number, number[]>();

  constructor(segments: readonly number[]) {
    for (const segment of segments) this.firstClaims.set(segment, new Float64Array(recordsPerSegment));
  }

  /** Takes in a segment's order area (a copy is kept). */
  add(segment: number, order: Uint32Array): void {
    const area = order.slice();
    this.areas.set(segment, area);
    for (let place = 0; place < recordsPerSegment; place++) {
      const entry = readEntry(area, place);
      if (typeof entry !== 'string') this.claim(entry, segment * recordsPerSegment + place);
    }
  }

  private claim({ segment, place }: { segment: number; place: number }, ticket: number): void {
    const first = this.firstClaims.get(segment);
    if (first === undefined) return;
    if (first[place] === 0) {
      first[place] = ticket + 1;
      return;
    }
    const slot = segment * recordsPerSegment + place;
    this.moreClaims.set(slot, [...(this.moreClaims.get(slot) ?? []), ticket]);
  }

  has(segment: number): boolean {
    return this.areas.has(segment);
  }

  /** The entry of a ticket; undefined when its segment isn't here. */
  entry(ticket: number): OrderPlace | undefined {
    const area = this.areas.get(segmentOf(ticket));
    return area === undefined ? undefined : readEntry(area, placeIn(ticket));
  }

  /** Tickets of the entries that claim a slot. */
  claimsOn(slot: number): readonly number[] {
    const first = this.firstClaims.get(segmentOf(slot))?.[placeIn(slot)] ?? 0;
    return first === 0 ? [] : [first - 1, ...(this.moreClaims.get(slot) ?? [])];
  }

  /** One more than the last place of a segment that anything stands at. */
  usedPlaces(segment: number): number {
    const area = this.areas.get(segment);
    for (let place = recordsPerSegment; area !== undefined && place > 0; place--) {
      if (readEntry(area, place - 1) !== 'empty') return place;
    }
    return 0;
  }
}

function readEntry(area: Uint32Array, place: number): OrderPlace {
  const slot = area[place * 2] as number;
  const segment = area[place * 2 + 1] as number;
  if (slot === 0) return segment === 0 ? 'empty' : 'begun';
  if (slot === lostEntry) return 'lost';
  return slot > recordsPerSegment ? 'bad' : { segment, place: slot - 1 };
}

/** Is one wrong bit all that is between an entry and the one that names this slot? */
export function isOneBitFrom(entry: OrderPlace | undefined, { segment, place }: OrderSlot): boolean {
  if (typeof entry !== 'object') return false;
  // An entry has the place plus one, and that word is where the bit is.
  const words = [entry.segment ^ segment, (entry.place + 1) ^ (place + 1)];
  return words.reduce((bits, word) => bits + bitsIn(word), 0) === 1;
}

function bitsIn(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}

/** Can these words be an order area? All that stands there but a few must name slots of known segments. */
export function hasPlausibleOrder(area: Uint32Array, segments: ReadonlySet<number>): boolean {
  let used = 0;
  let plausible = 0;
  for (let place = 0; place < recordsPerSegment; place++) {
    const entry = readEntry(area, place);
    if (entry === 'empty') continue;
    used++;
    if (entry === 'lost' || (typeof entry === 'object' && segments.has(entry.segment))) plausible++;
  }
  return used > 0 && plausible >= used * 0.9;
}
