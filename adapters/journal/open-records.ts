import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import {
  orderEntryBytes,
  placeIn,
  recordAreaOffset,
  recordsPerSegment,
  segmentHeaderBytes,
  segmentOf,
  slotsPerBlock,
} from '../../core/journal/segment-layout.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { segmentsIn } from './last-segment.js';
import { segmentName } from './segment-file.js';

/** A request that no writer has finished: its bytes as the last one left them. */
export interface OpenRecord {
  readonly listener: number;
  readonly notificationId: bigint;
  readonly slot: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

const chunkRecords = 512;
/** Threads reserve blocks in turn; so many that nobody touched mean that nobody got further. */
const emptyBlocksAtEnd = 32;
/** How far back to look in a journal whose writer did not note it. */
const segmentsUnknown = 4;

/**
 * Finds what earlier epochs left unfinished in the segments from `from` (0: not known) to before `before`.
 * Reads with read(2), for a file that is damaged must not be a signal. Of a request that several epochs had
 * in hand only the last record counts.
 */
export function readOpenRecords(directory: string, from: number, before: number): OpenRecord[] {
  const older = segmentsIn(directory).filter((segment) => segment < before);
  const segments = from > 0 ? older.filter((segment) => segment >= from) : older.slice(-segmentsUnknown);
  const scan = new Scan(directory);
  for (const segment of segments) scan.segment(segment);
  return [...scan.open.values()].sort((a, b) => a.slot - b.slot);
}

/** A walk through segments, eldest first. */
class Scan {
  readonly open = new Map<string, OpenRecord>();
  private readonly orders: Orders;
  private readonly chunk = Buffer.alloc(chunkRecords * recordBytes);
  /** The eldest epoch of which something is open: what is finished matters only behind it. */
  private eldestOpenEpoch = Number.POSITIVE_INFINITY;

  constructor(private readonly directory: string) {
    this.orders = new Orders(directory);
  }

  segment(segment: number): void {
    readingFrom(join(this.directory, segmentName(segment)), (descriptor) => this.walk(descriptor, segment));
  }

  private walk(descriptor: number, segment: number): void {
    let emptyBlocks = 0;
    for (let first = 0; first < recordsPerSegment; first += chunkRecords) {
      const position = recordAreaOffset + first * recordBytes;
      const read = readSync(descriptor, this.chunk, 0, this.chunk.length, position);
      for (let index = 0; index < Math.floor(read / recordBytes); index++) {
        if (index % slotsPerBlock === 0) {
          const touched = this.chunk.readUInt32LE(index * recordBytes + offset.epoch) !== 0;
          emptyBlocks = touched ? 0 : emptyBlocks + 1;
          if (emptyBlocks >= emptyBlocksAtEnd) return;
        }
        this.judge(index * recordBytes, segment * recordsPerSegment + first + index);
      }
      if (read < this.chunk.length) return;
    }
  }

  /** Looks at a slot. RECV may have filled one without its loop getting any further. */
  private judge(at: number, slot: number): void {
    const { chunk } = this;
    const kind = chunk.readUInt32LE(at + offset.kind);
    if (kind !== recordKind.request && kind !== recordKind.free) return;
    const isEmpty =
      chunk.readUInt32LE(at + offset.notificationId) === 0 &&
      chunk.readUInt32LE(at + offset.notificationId + 4) === 0;
    if (isEmpty) return;
    const epoch = chunk.readUInt32LE(at + offset.epoch);
    const isFinished =
      chunk.readUInt32LE(at + offset.commit) === 1 &&
      this.orders.holds(chunk.readUInt32LE(at + offset.ticket), slot);
    if (isFinished && epoch <= this.eldestOpenEpoch) return;
    const listener = chunk.readUInt32LE(at + offset.listener);
    const notificationId = chunk.readBigUInt64LE(at + offset.notificationId);
    const key = `${listener}/${notificationId}`;
    // A later epoch finished what an earlier one had left.
    if (isFinished) {
      this.open.delete(key);
      return;
    }
    this.eldestOpenEpoch = Math.min(this.eldestOpenEpoch, epoch);
    const bytes = Uint8Array.from(chunk.subarray(at, at + recordBytes));
    this.open.set(key, { listener, notificationId, slot, epoch, bytes });
  }
}

/** The order areas, each read once. */
class Orders {
  private readonly areas = new Map<number, Buffer | undefined>();

  constructor(private readonly directory: string) {}

  /** Does the order have this slot at the ticket that ends in these 32 bits? */
  holds(lowTicket: number, slot: number): boolean {
    // Tickets run behind the slots of their records, and ahead of those that stayed open for long.
    const ticket = slot + ((lowTicket - slot) | 0);
    const area = this.area(segmentOf(ticket));
    // A segment that is gone was published, and so was all that it ordered.
    if (area === undefined) return true;
    const at = placeIn(ticket) * orderEntryBytes;
    return area.readUInt32LE(at) === placeIn(slot) + 1 && area.readUInt32LE(at + 4) === segmentOf(slot);
  }

  private area(segment: number): Buffer | undefined {
    if (this.areas.has(segment)) return this.areas.get(segment);
    const area = readOrderArea(join(this.directory, segmentName(segment)));
    this.areas.set(segment, area);
    return area;
  }
}

function readOrderArea(path: string): Buffer | undefined {
  return readingFrom(path, (descriptor) => {
    const area = Buffer.alloc(recordsPerSegment * orderEntryBytes);
    readSync(descriptor, area, 0, area.length, segmentHeaderBytes);
    return area;
  });
}

/** Undefined when the file is gone; throws DEPUTY_E_JOURNAL_CORRUPT when it can't be read. */
function readingFrom<Result>(path: string, read: (descriptor: number) => Result): Result | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    return read(descriptor);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset: 0, detail: message }, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
