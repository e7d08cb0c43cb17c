import { placeIn, recordsPerSegment, segmentOf, slotsPerBlock } from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import type { JournalFiles } from './journal-files.js';

/** Whom records are shown to, in their order. */
export interface TailSink {
  request(record: RequestRecord, ticket: number): void;
  event(text: string, ticket: number): void;
}

/** Reads the journal's order from a ticket on, as the publisher does. */
export class ModelTail {
  private readonly record = new RequestRecord();

  constructor(
    private readonly files: JournalFiles,
    public position: number,
    /** Tickets below this one are of writers that are gone; their gaps are passed over. */
    private readonly deadBefore: number,
  ) {}

  /** Hands up to `limit` records to the sink: how many tickets it went on by. */
  read(sink: TailSink, limit: number): number {
    const from = this.position;
    for (let count = 0; count < limit; count++) {
      // A batch doesn't reach across the end of what predecessors left.
      if (from < this.deadBefore && this.position >= this.deadBefore) break;
      const file = this.files.segments.get(segmentOf(this.position));
      const entry = file?.order[placeIn(this.position)];
      if (entry === undefined) {
        if (this.position >= this.deadBefore) break;
        this.passGap(file?.order.length ?? 0);
        continue;
      }
      this.hand(sink, entry.segment * recordsPerSegment + entry.place - 1, this.position);
      this.position++;
    }
    return this.position - from;
  }

  /** To the next entry of this segment, or to the next segment. */
  private passGap(ordered: number): void {
    const place = placeIn(this.position);
    const next = place < ordered ? this.position + 1 : (segmentOf(this.position) + 1) * recordsPerSegment;
    this.position = Math.min(next, this.deadBefore);
  }

  private hand(sink: TailSink, slot: number, ticket: number): void {
    const block = this.files.blockOf(slot);
    if (block === undefined) return;
    this.record.attach(block.views, (placeIn(slot) % slotsPerBlock) * recordBytes, slot);
    const kind = this.record.u32(offset.kind);
    const text = this.files.segments.get(segmentOf(slot))?.texts.get(placeIn(slot));
    if (kind === recordKind.event) sink.event(text ?? '', ticket);
    else if (kind !== recordKind.free) sink.request(this.record, ticket);
  }
}
