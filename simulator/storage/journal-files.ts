import { holdsIn, type OpenRecord, OpenRecordScan } from '../../core/journal/open-record-scan.js';
import { placeIn, recordsPerSegment, segmentOf, slotsPerBlock } from '../../core/journal/segment-layout.js';
import { RecordViews } from '../../core/request/record.js';
import { recordBytes } from '../../core/request/record-layout.js';

/** Slots that are reserved together, with their bytes; made when they are first used. */
export interface Block {
  readonly views: RecordViews;
  readonly data: DataView;
}

interface OrderEntry {
  readonly place: number;
  readonly segment: number;
}

/** One segment's file. Its bytes survive whoever wrote them: it is mapped, and the kernel has the pages. */
export class SegmentFile {
  readonly blocks: (Block | undefined)[] = [];
  /** By place: which record was finished next. */
  readonly order: (OrderEntry | undefined)[] = [];
  /** Payloads of event records, by place. */
  readonly texts = new Map<number, string>();

  constructor(
    readonly segment: number,
    readonly epoch: number,
    readonly wallClockBaseMs: number,
    /** Eldest segment in which a request may be unfinished. */
    public openFrom: number,
  ) {}

  block(index: number): Block {
    const known = this.blocks[index];
    if (known !== undefined) return known;
    const buffer = new ArrayBuffer(slotsPerBlock * recordBytes);
    const block = { views: new RecordViews({ buffer, address: 0 }), data: new DataView(buffer) };
    this.blocks[index] = block;
    return block;
  }
}

/** The journal's directory: what a supervisor leaves, and its successor finds. */
export class JournalFiles {
  readonly segments = new Map<number, SegmentFile>();
  /** The disk has no room: no segment can be made. */
  isFull = false;
  /** What the publisher knew when it had published all before a ticket; JSON, as in its file. */
  checkpoint: string | undefined;
  /** Kept for when the store loses its end, the newest first. */
  oldCheckpoints: readonly string[] = [];

  /** Makes a segment; undefined when the disk is full. */
  create(segment: number, epoch: number, wallClockBaseMs: number, openFrom: number): SegmentFile | undefined {
    if (this.isFull) return undefined;
    const file = new SegmentFile(segment, epoch, wallClockBaseMs, openFrom);
    this.segments.set(segment, file);
    return file;
  }

  get numbers(): number[] {
    return [...this.segments.keys()].sort((a, b) => a - b);
  }

  /** Where the last writer left off; before the first one all are 0. */
  last(): { readonly segment: number; readonly epoch: number; readonly openFrom: number } {
    const file = this.segments.get(this.numbers.at(-1) ?? -1);
    return file ?? { segment: 0, epoch: 0, openFrom: 0 };
  }

  /** What earlier epochs left unfinished, as readOpenRecords() finds it. */
  openRecords(from: number, before: number): OpenRecord[] {
    const scan = new OpenRecordScan((ticket, slot) => holdsIn((full) => this.orderAt(full), ticket, slot));
    for (const number of this.numbers) {
      if (number >= before || number < from) continue;
      this.eachSlot(number, (data, at, slot) => scan.judge(data, at, slot));
    }
    return scan.found();
  }

  /** Each slot that was ever reserved. */
  eachSlot(number: number, visit: (data: DataView, at: number, slot: number) => void): void {
    const file = this.segments.get(number);
    file?.blocks.forEach((block, index) => {
      for (let place = 0; block !== undefined && place < slotsPerBlock; place++) {
        visit(block.data, place * recordBytes, number * recordsPerSegment + index * slotsPerBlock + place);
      }
    });
  }

  /** The block of a slot; undefined when its segment is gone. */
  blockOf(slot: number): Block | undefined {
    return this.segments.get(segmentOf(slot))?.block(Math.floor(placeIn(slot) / slotsPerBlock));
  }

  private orderAt(ticket: number): OrderEntry | undefined {
    const file = this.segments.get(segmentOf(ticket));
    return file === undefined ? undefined : (file.order[placeIn(ticket)] ?? { place: 0, segment: 0 });
  }
}
