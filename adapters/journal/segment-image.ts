import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import {
  headerCopyOffset,
  headerOffset,
  orderAreaBytes,
  recordAreaOffset,
  repairMark,
  sealMark,
  segmentBytes,
  segmentHeaderBytes,
} from '../../core/journal/segment-layout.js';
import { RecordViews, RequestRecord } from '../../core/request/record.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { segmentName } from './segment-file.js';
import { addToChecksum } from './segment-sealer.js';

/** A segment's bytes as they were when it was read; what the file lacks reads as zeros. */
export class SegmentImage {
  readonly bytes: Buffer;
  readonly views: RecordViews;

  constructor(
    readonly segment: number,
    readonly path: string,
    /** Bytes of the file, which a whole segment has `segmentBytes` of. */
    readonly size: number,
    buffer: ArrayBuffer,
  ) {
    this.bytes = Buffer.from(buffer);
    this.views = new RecordViews({ buffer, address: 0 });
  }

  get isSealed(): boolean {
    return this.bytes.readUInt32LE(headerOffset.sealed) === sealMark;
  }

  get isRepaired(): boolean {
    return this.bytes.readUInt32LE(headerOffset.repaired) === repairMark;
  }

  get matchesChecksum(): boolean {
    const written = this.size === headerCopyOffset ? this.bytes.subarray(0, headerCopyOffset) : this.bytes;
    return addToChecksum(0, written, 0) === this.bytes.readUInt32LE(headerOffset.checksum);
  }

  /** The order area: for each place two words, the slot plus one and its segment. */
  get order(): Uint32Array {
    return this.views.u32.subarray(segmentHeaderBytes >> 2, (segmentHeaderBytes + orderAreaBytes) >> 2);
  }

  /** Points `record` at the slot at `place`. */
  record(place: number, record = new RequestRecord()): RequestRecord {
    return record.attach(this.views, recordOffset(place), place);
  }
}

/** Bytes from a segment's start to the slot at `place`. */
export function recordOffset(place: number): number {
  return recordAreaOffset + place * recordBytes;
}

/** Reads a segment with read(2), its first `bytes` only if given: undefined when it is gone. */
export function readImage(
  directory: string,
  segment: number,
  bytes: number = segmentBytes,
): SegmentImage | undefined {
  const path = join(directory, segmentName(segment));
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const buffer = new ArrayBuffer(bytes);
    const into = new Uint8Array(buffer);
    for (let at = 0; at < bytes; ) {
      const count = readSync(descriptor, into, at, bytes - at, at);
      if (count === 0) break;
      at += count;
    }
    return new SegmentImage(segment, path, fstatSync(descriptor).size, buffer);
  } finally {
    closeSync(descriptor);
  }
}

/** The part of a segment before its records. */
export const headBytes = recordAreaOffset;
