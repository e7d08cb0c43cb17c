import {
  orderEntryBytes,
  placeIn,
  recordAreaOffset,
  recordsPerSegment,
  segmentBytes,
  segmentHeaderBytes,
  segmentOf,
  slotsPerBlock,
} from '../../core/journal/segment-layout.js';
import { RecordViews, type RequestRecord } from '../../core/request/record.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { viewMemory } from '../linux/index.js';
import type { SharedCounters } from './shared-counters.js';

/** The journal as one thread writes it: views on the mapped segments, and a block of slots of its own. */
export class MappedSegments {
  private readonly segments = new Map<number, RecordViews>();
  private nextSlot = 0;
  private blockEnd = 0;

  constructor(
    private readonly counters: SharedCounters,
    private epoch: number,
  ) {}

  /** The epoch that records are written under from now on. What was written to before is another's. */
  begin(epoch: number): void {
    this.epoch = epoch;
    this.segments.clear();
    this.nextSlot = 0;
    this.blockEnd = 0;
  }

  /** Makes a mapped segment usable by this thread. */
  add(segment: number, address: number): void {
    const memory = { buffer: viewMemory(address, segmentBytes), address };
    this.segments.set(segment, new RecordViews(memory));
  }

  /** Forgets segments before this one; their memory may be taken away afterwards. */
  dropBefore(segment: number): void {
    for (const known of [...this.segments.keys()]) if (known < segment) this.segments.delete(known);
  }

  /**
   * Oldest segment that this thread may still write to, apart from records that are open. What is left of a
   * block in a segment that others have finished is given up, else a quiet thread would keep that segment for
   * ever.
   */
  oldestNeeded(): number {
    const newest = segmentOf(this.counters.nextSlot - 1);
    if (this.nextSlot < this.blockEnd && segmentOf(this.nextSlot) < newest) this.nextSlot = this.blockEnd;
    const slots = this.nextSlot < this.blockEnd ? segmentOf(this.nextSlot) : newest;
    return Math.min(slots, segmentOf(this.counters.nextTicket));
  }

  /**
   * Points `record` at the next free slot, with listener and epoch set: false when the segment it is in has
   * not been prepared yet, and the caller must wait.
   */
  attachFree(record: RequestRecord, listener: number): boolean {
    if (this.nextSlot === this.blockEnd) this.takeBlock();
    const views = this.segments.get(segmentOf(this.nextSlot));
    if (views === undefined) return false;
    const base = recordAreaOffset + placeIn(this.nextSlot) * recordBytes;
    record.attach(views, base, this.nextSlot);
    record.setU32(offset.listener, listener);
    record.setU32(offset.epoch, this.epoch);
    return true;
  }

  /** The slot that attachFree() gave is used; the next call gives another. */
  consume(): void {
    this.nextSlot++;
  }

  /** Puts the record next in the order of events. From here on it is committed. Returns its ticket. */
  commit(record: RequestRecord, slots = 1): number {
    const ticket = this.counters.takeTicket();
    const views = this.segments.get(segmentOf(ticket)) as RecordViews;
    const at = (segmentHeaderBytes + placeIn(ticket) * orderEntryBytes) >> 2;
    if (slots === 1) {
      record.setU32(offset.ticket, ticket >>> 0);
      record.setU32(offset.commit, 1);
    }
    views.u32[at + 1] = segmentOf(record.slot);
    views.u32[at] = placeIn(record.slot) + 1;
    this.counters.announce();
    return ticket;
  }

  /** Points `record` at `slots` free slots in a row, for a payload: false when their segment isn't there. */
  attachRun(record: RequestRecord, slots: number): boolean {
    if (this.blockEnd - this.nextSlot < slots) this.takeBlock();
    if (!this.attachFree(record, 0)) return false;
    this.nextSlot += slots;
    record.setU32(offset.kind, recordKind.event);
    return true;
  }

  private takeBlock(): void {
    this.nextSlot = this.counters.takeSlots(slotsPerBlock);
    this.blockEnd = this.nextSlot + slotsPerBlock;
  }
}

/** Blocks must not straddle segments. */
if (recordsPerSegment % slotsPerBlock !== 0) throw new Error('slotsPerBlock must divide recordsPerSegment');
