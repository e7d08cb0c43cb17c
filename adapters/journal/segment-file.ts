import { closeSync, constants, fstatSync, linkSync, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import {
  headerOffset,
  maximumBuildBytes,
  recordsPerSegment,
  segmentBytes,
  segmentFormatVersion,
  segmentHeaderBytes,
  segmentMagic,
} from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { allocateFile } from '../linux/file-space.js';
import { mapShared, viewMemory } from '../linux/index.js';
import { storageError } from './segment-error.js';

/** What a segment's header says. */
export interface SegmentHeader {
  readonly segment: number;
  readonly epoch: number;
  readonly wallClockBaseMs: number;
  readonly build: string;
  /** Eldest segment in which a request may be unfinished; 0 when that isn't known. */
  readonly openFrom?: number;
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

/** A segment's file, allocated, zeroed and mapped. */
export interface MappedFile {
  readonly address: number;
  readonly descriptor: number;
}

/**
 * Creates and maps a file of a segment's size. Its blocks are allocated first (posix_fallocate(3)): a store
 * into a hole on a full disk would be SIGBUS, which nothing in Node can catch. Throws DEPUTY_E_DISK_FULL or
 * DEPUTY_E_STATE_DIRECTORY_UNWRITABLE, and leaves no file then.
 */
export function createMappedFile(path: string): MappedFile {
  const descriptor = openNew(path);
  const allocated = allocateFile(descriptor, segmentBytes);
  const address = allocated < 0 ? allocated : mapShared(descriptor, segmentBytes);
  if (address >= 0) return { address, descriptor };
  closeSync(descriptor);
  unlinkSync(path);
  throw storageError(path, { code: errnoText(-address) });
}

/** Creates and maps a segment. Throws as createMappedFile(). */
export function createSegment(directory: string, header: SegmentHeader): MappedFile {
  const file = createMappedFile(join(directory, segmentName(header.segment)));
  writeHeader(viewMemory(file.address, segmentHeaderBytes), header);
  return file;
}

/**
 * Makes a prepared file a segment. Throws when there is one of that number: there is one writer an epoch.
 */
export function nameSegment(path: string, file: MappedFile, directory: string, header: SegmentHeader): void {
  writeHeader(viewMemory(file.address, segmentHeaderBytes), header);
  const name = join(directory, segmentName(header.segment));
  try {
    linkSync(path, name);
  } catch (error) {
    throw storageError(name, error);
  }
  try {
    unlinkSync(path);
  } catch {
    // It is another name of the segment, which whoever prepares a journal next takes away.
  }
}

/** Notes in a mapped segment's header which is the eldest that may hold an unfinished request. */
export function noteOpenFrom(file: MappedFile, segment: number): void {
  new DataView(viewMemory(file.address, segmentHeaderBytes)).setFloat64(headerOffset.openFrom, segment, true);
}

function openNew(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    throw storageError(path, error);
  }
}

function writeHeader(page: ArrayBuffer, header: SegmentHeader): void {
  const view = new DataView(page);
  const text = new Uint8Array(page);
  view.setUint32(headerOffset.formatVersion, segmentFormatVersion, true);
  view.setUint32(headerOffset.recordBytes, recordBytes, true);
  view.setUint32(headerOffset.records, recordsPerSegment, true);
  view.setUint32(headerOffset.epoch, header.epoch, true);
  view.setFloat64(headerOffset.segment, header.segment, true);
  view.setFloat64(headerOffset.openFrom, header.openFrom ?? 0, true);
  view.setFloat64(headerOffset.wallClockBaseMs, header.wallClockBaseMs, true);
  text.set(Buffer.from(header.build).subarray(0, maximumBuildBytes), headerOffset.build);
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
    readSync(descriptor, page, 0, segmentHeaderBytes, 0);
    const header = parseHeader(path, page);
    const { size } = fstatSync(descriptor);
    if (header !== undefined && size !== segmentBytes) {
      throw corrupt(path, size, `it has ${size} bytes instead of ${segmentBytes}`);
    }
    return header;
  } finally {
    closeSync(descriptor);
  }
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
