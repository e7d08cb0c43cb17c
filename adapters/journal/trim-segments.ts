import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  headerCopyOffset,
  recordAreaOffset,
  segmentBytes,
  slotsPerBlock,
} from '../../core/journal/segment-layout.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { punchHole } from '../linux/file-space.js';
import { segmentsIn } from './last-segment.js';
import { segmentName } from './segment-file.js';

const sectorBytes = 512;
const pageBytes = 4096;
const chunkBytes = 65536;
const zeros = Buffer.alloc(chunkBytes);

/** Bytes that the segments take on the disk. */
export function bytesOnDisk(directory: string): number {
  return segmentsIn(directory).reduce((sum, segment) => sum + segmentBytesOnDisk(directory, segment), 0);
}

function segmentBytesOnDisk(directory: string, segment: number): number {
  try {
    const { blocks } = statSync(join(directory, segmentName(segment)));
    // A file system that packs data may count less than what a store into the segment may take.
    return Math.min(blocks * sectorBytes, segmentBytes);
  } catch {
    return 0;
  }
}

/**
 * Gives back what dead epochs have not used of their last segments: an epoch that was soon over costs what it
 * wrote, not a whole segment. Nobody writes to segments before `before` any more, and for those who read them
 * nothing changes.
 */
export function trimSegments(directory: string, before: number): void {
  for (const segment of segmentsIn(directory)) {
    if (segment < before) trimSegment(join(directory, segmentName(segment)));
  }
}

function trimSegment(path: string): void {
  const descriptor = openSync(path, constants.O_RDWR);
  try {
    const { blocks, size } = fstatSync(descriptor);
    const isTrimmed = blocks * sectorBytes <= size - pageBytes;
    if (isTrimmed || size < headerCopyOffset || isUsedUp(descriptor)) return;
    const from = roundUp(endOfRecords(descriptor));
    if (from < headerCopyOffset) punchHole(descriptor, from, headerCopyOffset - from);
  } finally {
    closeSync(descriptor);
  }
}

/** Slots are given out from the first on, so one whose last block was begun has little to give back. */
function isUsedUp(descriptor: number): boolean {
  const bytes = slotsPerBlock * recordBytes;
  return !isZero(descriptor, headerCopyOffset - bytes, bytes);
}

function endOfRecords(descriptor: number): number {
  let end = headerCopyOffset;
  while (end > recordAreaOffset) {
    const from = Math.max(recordAreaOffset, end - chunkBytes);
    if (!isZero(descriptor, from, end - from)) return end;
    end = from;
  }
  return recordAreaOffset;
}

const buffer = Buffer.alloc(chunkBytes);

function isZero(descriptor: number, from: number, bytes: number): boolean {
  const count = readSync(descriptor, buffer, 0, bytes, from);
  return buffer.subarray(0, count).equals(zeros.subarray(0, count));
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
