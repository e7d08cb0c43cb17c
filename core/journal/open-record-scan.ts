import { offset, recordBytes, recordKind } from '../request/record-layout.js';
import { placeIn, segmentOf } from './segment-layout.js';

/** A request that no writer has finished: its bytes as the last one left them. */
export interface OpenRecord {
  readonly listener: number;
  readonly notificationId: bigint;
  readonly slot: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** Does the order have this slot at the ticket that ends in these 32 bits? */
export type OrderHolds = (lowTicket: number, slot: number) => boolean;

/** What an order area says at a ticket: the slot's place plus one, and its segment; undefined: no area. */
export type OrderAt = (ticket: number) => { readonly place: number; readonly segment: number } | undefined;

/** Looks a record's place in the order up: is that where its ticket says? */
export function holdsIn(at: OrderAt, lowTicket: number, slot: number): boolean {
  // Tickets run behind the slots of their records, and ahead of those that stayed open for long.
  const ticket = slot + ((lowTicket - slot) | 0);
  const entry = at(ticket);
  // A segment that is gone was published, and so was all that it ordered.
  if (entry === undefined) return true;
  return entry.place === placeIn(slot) + 1 && entry.segment === segmentOf(slot);
}

/**
 * Finds what earlier epochs left unfinished, shown to it slot by slot, eldest segment first. Of a request
 * that several epochs had in hand only the last record counts.
 */
export class OpenRecordScan {
  private readonly open = new Map<string, OpenRecord>();
  /** The eldest epoch of which something is open: what is finished matters only behind it. */
  private eldestOpenEpoch = Number.POSITIVE_INFINITY;

  constructor(private readonly holds: OrderHolds) {}

  /** Looks at a slot. RECV may have filled one without its loop getting any further. */
  judge(chunk: DataView, at: number, slot: number): void {
    const kind = chunk.getUint32(at + offset.kind, true);
    if (kind !== recordKind.request && kind !== recordKind.free) return;
    const notificationId = chunk.getBigUint64(at + offset.notificationId, true);
    if (notificationId === 0n) return;
    const epoch = chunk.getUint32(at + offset.epoch, true);
    const isFinished =
      chunk.getUint32(at + offset.commit, true) === 1 &&
      this.holds(chunk.getUint32(at + offset.ticket, true), slot);
    if (isFinished && epoch <= this.eldestOpenEpoch) return;
    const listener = chunk.getUint32(at + offset.listener, true);
    const key = `${listener}/${notificationId}`;
    // A later epoch finished what an earlier one had left.
    if (isFinished) {
      this.open.delete(key);
      return;
    }
    this.eldestOpenEpoch = Math.min(this.eldestOpenEpoch, epoch);
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset + at, recordBytes).slice();
    this.open.set(key, { listener, notificationId, slot, epoch, bytes });
  }

  /** What is open, in the order of slots. */
  found(): OpenRecord[] {
    return [...this.open.values()].sort((a, b) => a.slot - b.slot);
  }
}
