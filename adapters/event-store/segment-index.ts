import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { encodeLine, lineJson } from './line.js';
import { SegmentCursor } from './segment-cursor.js';
import type { Segment } from './segment-files.js';

/** What is in a segment: enough to find a stream's version without reading the events. */
export interface SegmentIndex {
  readonly count: number;
  readonly bytes: number;
  /** Each stream's last version within the segment. */
  readonly versions: ReadonlyMap<string, number>;
}

/** Reads the index of a closed segment; undefined if it is missing, damaged or of another file. */
export function readSegmentIndex(segment: Segment): SegmentIndex | undefined {
  try {
    const json = lineJson(readFileSync(segment.indexPath).subarray(0, -1));
    if (json === undefined) {
      return undefined;
    }
    const { count, bytes, streams } = JSON.parse(json.toString()) as StoredIndex;
    return statSync(segment.path).size === bytes ? { count, bytes, versions: new Map(streams) } : undefined;
  } catch {
    // Whatever is wrong with it, the segment itself tells the same.
    return undefined;
  }
}

/** Writes the index of a segment that is closed. */
export function writeSegmentIndex(segment: Segment, index: SegmentIndex): void {
  const stored: StoredIndex = { count: index.count, bytes: index.bytes, streams: [...index.versions] };
  const temporaryPath = `${segment.indexPath}.new`;
  writeFileSync(temporaryPath, encodeLine(JSON.stringify(stored)), { mode: 0o600 });
  renameSync(temporaryPath, segment.indexPath);
}

/** Makes a segment's index from its events. `bytes` ends at the last whole line. */
export async function scanSegment(segment: Segment): Promise<SegmentIndex> {
  const cursor = await SegmentCursor.open(segment.path);
  try {
    const versions = new Map<string, number>();
    for (let lines = await cursor.readLines(); lines.length > 0; lines = await cursor.readLines()) {
      for (const [index, line] of lines.entries()) {
        const { delegationId, version } = parseLine(line, () =>
          cursor.corrupt('it is not JSON', cursor.lineCount - lines.length + index + 1),
        );
        versions.set(delegationId, version);
      }
    }
    return { count: cursor.lineCount, bytes: cursor.offset, versions };
  } finally {
    await cursor.close();
  }
}

function parseLine(line: Buffer, corrupt: () => Error): StoredLine {
  try {
    return JSON.parse(line.toString()) as StoredLine;
  } catch {
    throw corrupt();
  }
}

interface StoredIndex {
  readonly count: number;
  readonly bytes: number;
  readonly streams: readonly (readonly [string, number])[];
}

interface StoredLine {
  readonly delegationId: string;
  readonly version: number;
}
