import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { holdsIn, type OpenRecord, OpenRecordScan } from '../../core/journal/open-record-scan.js';
import {
  orderEntryBytes,
  placeIn,
  recordAreaOffset,
  recordsPerSegment,
  segmentHeaderBytes,
  segmentOf,
  slotsPerBlock,
} from '../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import { segmentsIn } from './last-segment.js';
import { segmentName } from './segment-file.js';

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
  const orders = new Orders(directory);
  const scan = new OpenRecordScan((lowTicket, slot) => orders.holds(lowTicket, slot));
  const walk = new Walk(directory, scan);
  for (const segment of segments) walk.segment(segment);
  return scan.found();
}

/** A walk through segments, eldest first. */
class Walk {
  private readonly chunk = Buffer.alloc(chunkRecords * recordBytes);
  private readonly view = new DataView(this.chunk.buffer, this.chunk.byteOffset, this.chunk.length);

  constructor(
    private readonly directory: string,
    private readonly scan: OpenRecordScan,
  ) {}

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
        this.scan.judge(this.view, index * recordBytes, segment * recordsPerSegment + first + index);
      }
      if (read < this.chunk.length) return;
    }
  }
}

/** The order areas, each read once. */
class Orders {
  private readonly areas = new Map<number, Buffer | undefined>();

  constructor(private readonly directory: string) {}

  holds(lowTicket: number, slot: number): boolean {
    return holdsIn((ticket) => this.entry(ticket), lowTicket, slot);
  }

  private entry(ticket: number): { place: number; segment: number } | undefined {
    const area = this.area(segmentOf(ticket));
    if (area === undefined) return undefined;
    const at = placeIn(ticket) * orderEntryBytes;
    return { place: area.readUInt32LE(at), segment: area.readUInt32LE(at + 4) };
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
