import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { recordAreaOffset, recordsPerSegment } from '../../core/journal/segment-layout.js';
import { offset, recordBytes, recordKind } from '../../core/request/record-layout.js';
import { segmentsIn } from './last-segment.js';
import { segmentName } from './segment-file.js';

const chunkRecords = 512;

/** Where a predecessor may have written the last id that is known. */
const segmentsBack = 2;

/**
 * Notification ids of a listener beside which those of lost records must be, since ids of one filter are
 * consecutive: the first of this epoch, which begins with segment `from`, and the last before it.
 */
export function neighbourIds(directory: string, listener: number, from: number): bigint[] {
  const segments = segmentsIn(directory).filter((one) => one >= from - segmentsBack);
  const found = segments.map((segment) => ({
    segment,
    ...endsInSegment(join(directory, segmentName(segment)), listener),
  }));
  const before = found.findLast(({ segment, last }) => segment < from && last !== undefined)?.last;
  const after = found.find(({ segment, first }) => segment >= from && first !== undefined)?.first;
  return [before, after].filter((id) => id !== undefined);
}

/** The ids in a listener's first and last slots of a segment. */
function endsInSegment(path: string, listener: number): { first?: bigint; last?: bigint } {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch {
    return {};
  }
  const ends: { first?: bigint; last?: bigint } = {};
  try {
    const chunk = Buffer.alloc(chunkRecords * recordBytes);
    for (let slot = 0; slot < recordsPerSegment; slot += chunkRecords) {
      const read = readSync(descriptor, chunk, 0, chunk.length, recordAreaOffset + slot * recordBytes);
      for (let at = 0; at + recordBytes <= read; at += recordBytes) {
        const isOurs =
          chunk.readUInt32LE(at + offset.kind) === recordKind.request &&
          chunk.readUInt32LE(at + offset.listener) === listener;
        if (!isOurs) continue;
        ends.last = chunk.readBigUInt64LE(at + offset.notificationId);
        ends.first ??= ends.last;
      }
      if (read < chunk.length) break;
    }
  } finally {
    closeSync(descriptor);
  }
  return ends;
}
