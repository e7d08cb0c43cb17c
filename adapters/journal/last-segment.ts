import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DeputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { readHeader, segmentName, segmentNumber } from './segment-file.js';

/** Where repair keeps what it took out of the journal. */
export const damagedFolder = 'damaged';

/** Where a new epoch begins. */
export interface LastSegment {
  readonly segment: number;
  readonly epoch: number;
  /** Eldest segment in which a request may be unfinished; 0 when that isn't known. */
  readonly openFrom: number;
  readonly damage: readonly DeputyError[];
}

/** Numbers of the segments in a directory, ascending. */
export function segmentsIn(directory: string): number[] {
  return ascending(readdirSync(directory).map(segmentNumber));
}

/** Numbers of the segments that repair moved aside, ascending. */
export function damagedSegmentsIn(directory: string): number[] {
  try {
    const names = readdirSync(join(directory, damagedFolder));
    return [...new Set(ascending(names.map((name) => segmentNumber(name.slice(0, nameLength)))))];
  } catch {
    return [];
  }
}

const nameLength = segmentName(0).length;

function ascending(numbers: readonly (number | undefined)[]): number[] {
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
}

/**
 * The last segment of a journal and the highest epoch that it can have had. A damaged segment keeps nobody
 * from writing on: all that a writer must know of its forerunners is a number above every epoch so far, and
 * each epoch began a segment of its own, so the distance to the last readable one bounds it. What the damaged
 * one said of calls in flight is lost, and those are made anew. A newer format does: its words may mean
 * anything, so nothing is begun behind it. Throws DEPUTY_E_JOURNAL_FORMAT_NEWER.
 */
export function findLastSegment(directory: string): LastSegment {
  const segments = segmentsIn(directory);
  const damage: DeputyError[] = [];
  let known = { segment: 0, epoch: 0, openFrom: 0 };
  for (const segment of segments) {
    try {
      const header = readHeader(join(directory, segmentName(segment)));
      const isNext = header !== undefined && header.epoch >= known.epoch && header.epoch <= segment;
      if (!isNext) continue;
      const { epoch, openFrom = 0 } = header;
      known = { segment, epoch, openFrom: isOpenFrom(openFrom, segment) ? openFrom : 0 };
    } catch (error) {
      if (!isDeputyError(error, 'DEPUTY_E_JOURNAL_CORRUPT')) throw error;
      damage.push(error);
    }
  }
  const last = Math.max(0, segments.at(-1) ?? 0, damagedSegmentsIn(directory).at(-1) ?? 0);
  return { segment: last, epoch: known.epoch + (last - known.segment), openFrom: known.openFrom, damage };
}

/** Can a segment's header say this? None knows of requests in segments behind it. */
export function isOpenFrom(openFrom: number, segment: number): boolean {
  return Number.isInteger(openFrom) && openFrom >= 0 && openFrom <= segment;
}
