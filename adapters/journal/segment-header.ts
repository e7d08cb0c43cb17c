import { crc32 } from 'node:zlib';
import { deputyError } from '../../core/errors/deputy-error.js';
import { decodeSegmentHeader, type SegmentHeader } from '../../core/journal/segment-header.js';
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

export type { SegmentHeader } from '../../core/journal/segment-header.js';

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
  const header = decodeSegmentHeader(new DataView(page.buffer, page.byteOffset, page.byteLength));
  if (!('problem' in header)) return header;
  switch (header.problem) {
    case 'unfinished':
      return undefined;
    case 'foreign':
      throw corrupt(path, 0, 'it does not begin as a segment');
    case 'unknown-format':
      throw corrupt(path, headerOffset.formatVersion, 'there is no such format');
    case 'newer': {
      const { found } = header;
      throw deputyError('DEPUTY_E_JOURNAL_FORMAT_NEWER', { path, found, supported: segmentFormatVersion });
    }
  }
}

function corrupt(path: string, offset: number, detail: string) {
  return deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset, detail });
}
