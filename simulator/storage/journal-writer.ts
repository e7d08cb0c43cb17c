import { deputyError } from '../../core/errors/deputy-error.js';
import { placeIn, recordsPerSegment, segmentOf, slotsPerBlock } from '../../core/journal/segment-layout.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import type { JournalFiles, SegmentFile } from './journal-files.js';

/** A writer's own block of slots. */
export interface SlotBlock {
  next: number;
  end: number;
}

/** The journal as one supervisor's epoch writes it: counters in its memory, records in the files. */
export class JournalWriter {
  private nextSlot = 0;
  private nextTicketNumber = 0;
  private prepared = 0;
  epoch = 0;
  firstSegment = 0;
  eldestOpenSegment = 0;
  /** Called when something was committed. */
  announce: () => void = () => undefined;

  constructor(
    private readonly files: JournalFiles,
    private readonly wallClockBaseMs: () => number,
  ) {}

  /** Begins an epoch behind the last one; throws DEPUTY_E_DISK_FULL where there is no room for a segment. */
  begin(): void {
    const last = this.files.last();
    this.epoch = last.epoch + 1;
    this.firstSegment = last.segment + 1;
    this.eldestOpenSegment = last.openFrom;
    this.prepared = last.segment;
    this.nextSlot = this.firstSegment * recordsPerSegment;
    this.nextTicketNumber = this.nextSlot;
    if (!this.prepareAhead()) throw deputyError('DEPUTY_E_DISK_FULL', { path: 'journal' });
  }

  get nextTicket(): number {
    return this.nextTicketNumber;
  }

  /** Makes sure that the segment in use is there: false when it can't be made. */
  prepareAhead(): boolean {
    while (this.prepared < segmentOf(this.nextSlot)) {
      const segment = this.prepared + 1;
      const base = this.wallClockBaseMs();
      if (this.files.create(segment, this.epoch, base, this.eldestOpenSegment) === undefined) return false;
      this.prepared = segment;
    }
    return true;
  }

  /** Points `record` at the next free slot: false when its segment isn't there, and the caller must wait. */
  attachFree(record: RequestRecord, block: SlotBlock, listener: number): boolean {
    if (block.next === block.end) {
      block.next = this.nextSlot;
      block.end = block.next + slotsPerBlock;
      this.nextSlot = block.end;
    }
    if (!this.prepareAhead()) return false;
    const memory = this.files.blockOf(block.next);
    if (memory === undefined) return false;
    record.attach(memory.views, (placeIn(block.next) % slotsPerBlock) * recordBytes, block.next);
    record.setU32(offset.listener, listener);
    record.setU32(offset.epoch, this.epoch);
    return true;
  }

  /** The first half of a commit: the words in the record. */
  close(record: RequestRecord): number {
    const ticket = this.nextTicketNumber++;
    record.setU32(offset.ticket, ticket >>> 0);
    record.setU32(offset.commit, 1);
    return ticket;
  }

  /** The second half: its place in the order. From here on it is committed. */
  order(ticket: number, slot: number): void {
    const file = this.files.segments.get(segmentOf(ticket));
    if (file !== undefined) {
      file.order[placeIn(ticket)] = { place: placeIn(slot) + 1, segment: segmentOf(slot) };
    }
    this.announce();
  }

  /** Writes a payload into the sequence: its ticket. Throws DEPUTY_E_JOURNAL_FULL where there is no room. */
  appendEvent(scratch: RequestRecord, block: SlotBlock, text: string): number {
    if (!this.attachFree(scratch, block, 0)) {
      throw deputyError('DEPUTY_E_JOURNAL_FULL', { path: 'journal', maximumBytes: 0 });
    }
    block.next++;
    scratch.setU32(offset.kind, recordKind.event);
    const file = this.files.segments.get(segmentOf(scratch.slot)) as SegmentFile;
    file.texts.set(placeIn(scratch.slot), text);
    const ticket = this.close(scratch);
    this.order(ticket, scratch.slot);
    return ticket;
  }

  /** Notes, for a successor, that all requests in segments before this one are finished. */
  noteOpenFrom(segment: number): void {
    if (segment <= this.eldestOpenSegment) return;
    this.eldestOpenSegment = segment;
    const newest = this.files.segments.get(this.prepared);
    if (newest !== undefined) newest.openFrom = segment;
  }
}
