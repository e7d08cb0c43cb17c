import {
  eventPayload,
  maximumPayloadBytes,
  segmentOf,
  slotsPerBlock,
} from '../../core/journal/segment-layout.js';
import { RecordViews, RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { lostSlot, type OrderEntry, SegmentReader } from './segment-reader.js';

/** What follows the journal is told of each committed record, in the order of tickets. */
export interface TailSink {
  request(record: RequestRecord, ticket: number): void;
  event(payload: string, ticket: number): void;
}

const batchRecords = 256;

/** Reads committed records in order, from a ticket on. */
export class JournalTail {
  private readonly reader: SegmentReader;
  private readonly bytes = new Uint8Array(new ArrayBuffer(batchRecords * recordBytes));
  private readonly views = new RecordViews({ buffer: this.bytes.buffer as ArrayBuffer, address: 0 });
  private readonly record = new RequestRecord();

  constructor(
    directory: string,
    private ticket: number,
    /** Tickets below this one are of writers that are gone; their gaps are passed over. */
    private readonly deadBefore = 0,
  ) {
    this.reader = new SegmentReader(directory);
  }

  /** The next ticket to be read. */
  get position(): number {
    return this.ticket;
  }

  /** Goes on at another ticket: the first of a later epoch. */
  moveTo(ticket: number): void {
    this.ticket = ticket;
  }

  /** Hands up to `limit` records to the sink: how many tickets it went on by; 0 at the end. */
  read(sink: TailSink, limit: number): number {
    const from = this.ticket;
    const { entries, next } = this.reader.readOrder(from, limit, from < this.deadBefore);
    let index = 0;
    while (index < entries.length) index += this.readRun(entries, index, sink);
    this.ticket = next;
    return next - from;
  }

  close(): void {
    this.reader.close();
  }

  /** Records that stand near each other are read at once; returns how many entries were handled. */
  private readRun(entries: readonly OrderEntry[], from: number, sink: TailSink): number {
    const first = (entries[from] as OrderEntry).slot;
    if (first === lostSlot) return 1;
    let to = from;
    let lowest = first;
    let highest = first;
    while (to < entries.length) {
      const { slot } = entries[to] as OrderEntry;
      const low = Math.min(lowest, slot);
      const high = Math.max(highest, slot);
      if (slot === lostSlot || high - low >= batchRecords || segmentOf(low) !== segmentOf(high)) break;
      lowest = low;
      highest = high;
      to++;
    }
    const read = this.reader.readRecords(lowest, this.bytes, highest - lowest + 1);
    // What a file that is gone or cut short doesn't have is nothing, not what was read before.
    this.bytes.fill(0, read);
    for (let index = from; index < to; index++) this.hand(entries[index] as OrderEntry, lowest, sink);
    return to - from;
  }

  private hand(entry: OrderEntry, lowest: number, sink: TailSink): void {
    const base = (entry.slot - lowest) * recordBytes;
    this.record.attach(this.views, base, entry.slot);
    const kind = this.record.u32(offset.kind);
    if (kind === recordKind.event) sink.event(this.readPayload(entry), entry.ticket);
    else if (kind !== recordKind.free) sink.request(this.record, entry.ticket);
  }

  private readPayload({ slot }: OrderEntry): string {
    // A damaged length must not be believed: it would be memory without a bound.
    const length = Math.min(this.record.u32(eventPayload.length), maximumPayloadBytes);
    const slots = Math.min(this.record.u32(eventPayload.slots), slotsPerBlock);
    const run = Buffer.alloc(slots * recordBytes);
    this.reader.readRecords(slot, run, slots);
    return run.toString('utf8', eventPayload.text, eventPayload.text + length);
  }
}
