import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import {
  headerOffset,
  recordsPerSegment,
  segmentBytes,
  segmentFormatVersion,
  segmentHeaderBytes,
  segmentMagic,
} from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { allocateFile } from '../linux/file-space.js';
import { mapShared, viewMemory } from '../linux/index.js';

const ENOSPC = -28;
const EDQUOT = -122;

/** What a segment's header says. */
export interface SegmentHeader {
  readonly segment: number;
  readonly epoch: number;
  readonly wallClockBaseMs: number;
  readonly build: string;
}

/** The file name of a segment; names sort as numbers do. */
export function segmentName(segment: number): string {
  return `${String(segment).padStart(12, '0')}.segment`;
}

/** The number in a segment's file name, or undefined. */
export function segmentNumber(name: string): number | undefined {
  const match = /^(\d{12})\.segment$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/**
 * Creates and maps a segment. Its blocks are allocated first (posix_fallocate(3)): a store into a hole on a
 * full disk would be SIGBUS, which nothing in Node can catch. Throws DEPUTY_E_DISK_FULL, and leaves no file
 * then.
 */
export function createSegment(
  directory: string,
  header: SegmentHeader,
): { address: number; descriptor: number } {
  const path = join(directory, segmentName(header.segment));
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  const allocated = allocateFile(descriptor, segmentBytes);
  const address = allocated < 0 ? allocated : mapShared(descriptor, segmentBytes);
  if (address < 0) {
    closeSync(descriptor);
    unlinkSync(path);
    const full = allocated === ENOSPC || allocated === EDQUOT;
    throw deputyError(full ? 'DEPUTY_E_DISK_FULL' : 'DEPUTY_E_STATE_DIRECTORY_UNWRITABLE', {
      path,
      detail: errnoText(allocated < 0 ? -allocated : -address),
    });
  }
  writeHeader(viewMemory(address, segmentHeaderBytes), header);
  return { address, descriptor };
}

function writeHeader(page: ArrayBuffer, header: SegmentHeader): void {
  const view = new DataView(page);
  const text = new Uint8Array(page);
  view.setUint32(headerOffset.formatVersion, segmentFormatVersion, true);
  view.setUint32(headerOffset.recordBytes, recordBytes, true);
  view.setUint32(headerOffset.records, recordsPerSegment, true);
  view.setUint32(headerOffset.epoch, header.epoch, true);
  view.setFloat64(headerOffset.segment, header.segment, true);
  view.setFloat64(headerOffset.wallClockBaseMs, header.wallClockBaseMs, true);
  text.set(Buffer.from(header.build).subarray(0, 64), headerOffset.build);
  // The magic last: a header without it was never finished.
  text.set(Buffer.from(segmentMagic, 'latin1'), headerOffset.magic);
}

/**
 * Reads a segment's header through read(2), never a mapping. Undefined when it was never finished; throws
 * DEPUTY_E_JOURNAL_FORMAT_NEWER or DEPUTY_E_JOURNAL_CORRUPT.
 */
export function readHeader(path: string): SegmentHeader | undefined {
  const descriptor = openSync(path, 'r');
  try {
    const page = Buffer.alloc(segmentHeaderBytes);
    if (readSync(descriptor, page, 0, segmentHeaderBytes, 0) < segmentHeaderBytes) return undefined;
    const magic = page.toString('latin1', 0, 8);
    if (magic === '\0'.repeat(8)) return undefined;
    if (magic !== segmentMagic) {
      throw deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset: 0, detail: 'it does not begin as one' });
    }
    const found = page.readUInt32LE(headerOffset.formatVersion);
    if (found > segmentFormatVersion) {
      throw deputyError('DEPUTY_E_JOURNAL_FORMAT_NEWER', { path, found, supported: segmentFormatVersion });
    }
    return {
      segment: page.readDoubleLE(headerOffset.segment),
      epoch: page.readUInt32LE(headerOffset.epoch),
      wallClockBaseMs: page.readDoubleLE(headerOffset.wallClockBaseMs),
      build: page.toString('utf8', headerOffset.build, headerOffset.build + 64).replace(/\0+$/, ''),
    };
  } finally {
    closeSync(descriptor);
  }
}
