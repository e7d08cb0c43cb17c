import { crc32 } from 'node:zlib';
import { deputyError } from '../../core/errors/deputy-error.js';
import {
  headerCopyOffset,
  headerOffset,
  maximumBuildBytes,
  recordsPerSegment,
  segmentBytes,
  segmentFormatVersion,
  segmentHeaderBytes,
  segmentMagic,
} from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';

/** What a segment's header says. */
export interface SegmentHeader {
  readonly segment: number;
  readonly epoch: number;
  readonly wallClockBaseMs: number;
  readonly build: string;
  /** Eldest segment in which a request may be unfinished; 0 when that isn't known. */
  readonly openFrom?: number;
}

/** Writes a new segment's header, and before it its copy; `segment` is the whole of it. */
export function writeHeader(segment: Uint8Array, header: SegmentHeader): void {
  const page = segment.subarray(0, segmentHeaderBytes);
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  view.setUint32(headerOffset.formatVersion, segmentFormatVersion, true);
  view.setUint32(headerOffset.recordBytes, recordBytes, true);
  view.setUint32(headerOffset.records, recordsPerSegment, true);
  view.setUint32(headerOffset.epoch, header.epoch, true);
  view.setFloat64(headerOffset.segment, header.segment, true);
  view.setFloat64(headerOffset.openFrom, header.openFrom ?? 0, true);
  view.setFloat64(headerOffset.wallClockBaseMs, header.wallClockBaseMs, true);
  page.set(Buffer.from(header.build).subarray(0, maximumBuildBytes), headerOffset.build);
  const magic = Buffer.from(segmentMagic, 'latin1');
  const copy = segment.subarray(headerCopyOffset, segmentBytes);
  copy.set(page);
  copy.set(magic, headerOffset.magic);
  const checksum = copyChecksum(copy);
  new DataView(copy.buffer, copy.byteOffset).setUint32(headerOffset.checksum, checksum, true);
  // The magic last: a header without it was never finished.
  page.set(magic, headerOffset.magic);
}

/** What a segment's copy of its header says; undefined when it isn't as it was written, or another's. */
export function parseHeaderCopy(path: string, segment: number, copy: Buffer): SegmentHeader | undefined {
  if (copy.length < segmentHeaderBytes) return undefined;
  if (copy.readUInt32LE(headerOffset.checksum) !== copyChecksum(copy)) return undefined;
  const header = parseHeader(path, copy);
  return header?.segment === segment ? header : undefined;
}

function copyChecksum(copy: Uint8Array): number {
  const { checksum } = headerOffset;
  return crc32(copy.subarray(checksum + 4), crc32(copy.subarray(0, checksum)));
}

/** The header in a segment's first page; `path` is for messages. As readHeader(), without the file's size. */
export function parseHeader(path: string, page: Buffer): SegmentHeader | undefined {
  const magic = page.toString('latin1', 0, 8);
  if (magic === '\0'.repeat(8)) return undefined;
  const supported = segmentFormatVersion;
  if (magic !== segmentMagic) {
    // A format so new that it begins differently is still one of ours.
    const later = /^DEPUTYJ(\d)$/.exec(magic)?.[1];
    if (later !== undefined && later > '1') {
      throw deputyError('DEPUTY_E_JOURNAL_FORMAT_NEWER', { path, found: later, supported });
    }
    throw corrupt(path, 0, 'it does not begin as a segment');
  }
  const found = page.readUInt32LE(headerOffset.formatVersion);
  if (found > supported) throw deputyError('DEPUTY_E_JOURNAL_FORMAT_NEWER', { path, found, supported });
  if (found < 1) throw corrupt(path, headerOffset.formatVersion, 'there is no such format');
  const build = page.subarray(headerOffset.build, headerOffset.build + maximumBuildBytes);
  return {
    segment: page.readDoubleLE(headerOffset.segment),
    epoch: page.readUInt32LE(headerOffset.epoch),
    wallClockBaseMs: page.readDoubleLE(headerOffset.wallClockBaseMs),
    openFrom: page.readDoubleLE(headerOffset.openFrom),
    build: build.toString('utf8').replace(/\0+$/, ''),
  };
}

function corrupt(path: string, offset: number, detail: string) {
  return deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset, detail });
}
