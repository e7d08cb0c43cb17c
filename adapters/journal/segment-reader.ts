import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  lostEntry,
  orderEntryBytes,
  placeIn,
  recordAreaOffset,
  recordsPerSegment,
  segmentHeaderBytes,
  segmentOf,
} from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { segmentName } from './segment-file.js';

/** The slot of a record that repair found lost. */
export const lostSlot = -1;

/** Where a committed record stands; `slot` may be lostSlot. */
export interface OrderEntry {
  readonly ticket: number;
  readonly slot: number;
}

/** Files kept open; a reader works at the journal's end, where two segments matter. */
const openFiles = 4;

/** Reads segments by read(2), so that a damaged or vanishing file is an error and never a signal. */
export class SegmentReader {
  private readonly files = new Map<number, number>();
  private readonly orderPage = Buffer.alloc(512 * orderEntryBytes);

  constructor(private readonly directory: string) {}

  /**
   * Order entries from `ticket` on, up to the first that isn't committed or the end of its segment, and the
   * ticket to go on at. `isDead`: whoever wrote here is gone, so that gaps stay gaps and are passed over.
   */
  readOrder(ticket: number, limit: number, isDead = false): { entries: OrderEntry[]; next: number } {
    const entries: OrderEntry[] = [];
    const place = placeIn(ticket);
    const count = Math.min(limit, 512, recordsPerSegment - place);
    const bytes = this.read(
      segmentOf(ticket),
      this.orderPage,
      count * orderEntryBytes,
      segmentHeaderBytes + place * orderEntryBytes,
    );
    for (let index = 0; index * orderEntryBytes < bytes; index++) {
      const slot = this.orderPage.readUInt32LE(index * orderEntryBytes);
      if (slot === 0 && isDead) continue;
      if (slot === 0) break;
      const segment = this.orderPage.readUInt32LE(index * orderEntryBytes + 4);
      if (slot === lostEntry) entries.push({ ticket: ticket + index, slot: lostSlot });
      else entries.push({ ticket: ticket + index, slot: segment * recordsPerSegment + slot - 1 });
    }
    if (!isDead) return { entries, next: ticket + entries.length };
    // A segment that is gone has nothing to tell.
    return { entries, next: bytes === 0 ? ticket - place + recordsPerSegment : ticket + count };
  }

  /** Copies records into `into`: how many bytes there were. A missing segment has none. */
  readRecords(slot: number, into: Uint8Array, count: number): number {
    return this.read(
      segmentOf(slot),
      into,
      count * recordBytes,
      recordAreaOffset + placeIn(slot) * recordBytes,
    );
  }

  close(): void {
    for (const descriptor of this.files.values()) closeSync(descriptor);
    this.files.clear();
  }

  private read(segment: number, into: Uint8Array, bytes: number, position: number): number {
    const descriptor = this.open(segment);
    return descriptor === undefined ? 0 : readSync(descriptor, into, 0, bytes, position);
  }

  private open(segment: number): number | undefined {
    const known = this.files.get(segment);
    if (known !== undefined) return known;
    let descriptor: number;
    try {
      descriptor = openSync(join(this.directory, segmentName(segment)), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if (this.files.size >= openFiles) {
      const [eldest] = this.files.entries();
      if (eldest !== undefined) {
        closeSync(eldest[1]);
        this.files.delete(eldest[0]);
      }
    }
    this.files.set(segment, descriptor);
    return descriptor;
  }
}
