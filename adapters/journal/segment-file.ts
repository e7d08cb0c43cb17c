import { closeSync, constants, fstatSync, linkSync, openSync, readSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import {
  headerCopyOffset,
  headerOffset,
  isWholeSegment,
  segmentBytes,
  segmentHeaderBytes,
} from '../../core/journal/segment-layout.js';
import { allocateFile } from '../linux/file-space.js';
import { mapShared, viewMemory } from '../linux/index.js';
import { storageError } from './segment-error.js';
import { parseHeader, parseHeaderCopy, type SegmentHeader, writeHeader } from './segment-header.js';

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
  writeHeader(new Uint8Array(viewMemory(file.address, segmentBytes)), header);
  return file;
}

/**
 * Makes a prepared file a segment. Throws when there is one of that number: there is one writer an epoch.
 */
export function nameSegment(path: string, file: MappedFile, directory: string, header: SegmentHeader): void {
  writeHeader(new Uint8Array(viewMemory(file.address, segmentBytes)), header);
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
    if (header !== undefined && !isWholeSegment(size)) {
      const detail = `it has ${size} bytes instead of ${segmentBytes}`;
      throw deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset: size, detail });
    }
    return header;
  } finally {
    closeSync(descriptor);
  }
}

/** The copy of a segment's header, by read(2); undefined when it can't be told. Throws as readHeader(). */
export function readHeaderCopy(path: string): SegmentHeader | undefined {
  const descriptor = openSync(path, 'r');
  try {
    const page = Buffer.alloc(segmentHeaderBytes);
    readSync(descriptor, page, 0, segmentHeaderBytes, headerCopyOffset);
    return parseHeaderCopy(path, segmentNumber(basename(path)) ?? -1, page);
  } finally {
    closeSync(descriptor);
  }
}
