import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { listSegments, type Segment, segmentAt } from './segment-files.js';
import { readSegmentIndex, type SegmentIndex, scanSegment, writeSegmentIndex } from './segment-index.js';
import { SegmentWriter, writeError } from './segment-writer.js';
import { StreamVersions } from './stream-versions.js';

const rememberedStreams = 4096;

/** Sizes of the store on disk. */
export interface SegmentLimits {
  readonly segmentBytes: number;
  readonly maximumBytes: number;
}

interface ClosedSegment {
  readonly segment: Segment;
  readonly bytes: number;
}

/** The writing side of a directory of segments: appends, rotates, and drops the oldest. */
export class SegmentLog {
  readonly versions = new StreamVersions(() => this.#closedIndexes(), rememberedStreams);
  readonly #directory: string;
  readonly #limits: SegmentLimits;
  readonly #closed: ClosedSegment[] = [];
  readonly #closing = new Set<Promise<void>>();
  #segment: Segment;
  #writer: SegmentWriter;
  #count = 0;
  #isDirectoryDirty = true;
  #backgroundFailure: unknown;

  private constructor(directory: string, limits: SegmentLimits, segment: Segment, index?: SegmentIndex) {
    this.#directory = directory;
    this.#limits = limits;
    this.#segment = segment;
    this.#writer = new SegmentWriter(segment.path, index?.bytes ?? 0);
    this.#count = index?.count ?? 0;
    this.versions.startSegment(index?.versions);
  }

  /** Opens a directory: reads the last segment through, cuts off its unfinished line, trusts closed ones. */
  static async open(directory: string, limits: SegmentLimits): Promise<SegmentLog> {
    const segments = listSegments(directory);
    const last = segments.pop();
    const index = last === undefined ? undefined : await scanSegment(last);
    const log = new SegmentLog(directory, limits, last ?? segmentAt(directory, 1), index);
    for (const segment of segments) {
      const { bytes } = readSegmentIndex(segment) ?? (await makeIndex(segment));
      log.#closed.push({ segment, bytes });
    }
    return log;
  }

  /** Have events been dropped? Then a stream that is not found may yet have had events. */
  get isTrimmed(): boolean {
    return (this.#closed[0]?.segment ?? this.#segment).firstPosition > 1;
  }

  get isDirty(): boolean {
    return this.#writer.isDirty;
  }

  /** Appends whole lines, all or none. */
  append(lines: Buffer, lineCount: number): void {
    this.#assertClosedWell();
    if (this.#writer.length > 0 && this.#writer.length + lines.length > this.#limits.segmentBytes) {
      this.#rotate();
    }
    this.#writer.append(lines);
    this.#count += lineCount;
  }

  /** Each stream's last version, from the indexes and the segment that is being written. */
  lastVersions(): Map<string, number> {
    const versions = new Map<string, number>();
    for (const index of [...this.#closedIndexes()].reverse()) {
      addAll(versions, index.versions);
    }
    addAll(versions, this.versions.current);
    return versions;
  }

  /** Resolves when everything appended so far is on the disk. */
  async sync(): Promise<void> {
    await Promise.all([this.#writer.sync(), ...this.#closing]);
    this.#assertClosedWell();
    if (this.#isDirectoryDirty) {
      syncDirectory(this.#directory);
      this.#isDirectoryDirty = false;
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), ...this.#closing]);
  }

  #rotate(): void {
    const bytes = this.#writer.length;
    try {
      // Written first: if it fails nothing has changed, and the index of a segment that grew is ignored.
      writeSegmentIndex(this.#segment, { count: this.#count, bytes, versions: this.versions.current });
    } catch (error) {
      throw writeError(this.#segment.indexPath, error);
    }
    const next = segmentAt(this.#directory, this.#segment.firstPosition + this.#count);
    const writer = new SegmentWriter(next.path, 0);
    this.#closeInBackground(this.#writer);
    this.#closed.push({ segment: this.#segment, bytes });
    this.#segment = next;
    this.#writer = writer;
    this.#count = 0;
    this.#isDirectoryDirty = true;
    this.versions.startSegment();
    this.#dropOldest();
  }

  #closeInBackground(writer: SegmentWriter): void {
    const closing: Promise<void> = writer
      .close()
      .catch((error: unknown) => {
        this.#backgroundFailure = error;
      })
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #assertClosedWell(): void {
    if (this.#backgroundFailure !== undefined) {
      throw this.#backgroundFailure;
    }
  }

  #dropOldest(): void {
    const total = () => this.#closed.reduce((sum, { bytes }) => sum + bytes, this.#limits.segmentBytes);
    while (this.#closed.length > 0 && total() > this.#limits.maximumBytes) {
      const dropped = this.#closed.shift();
      rmSync(dropped?.segment.path ?? '', { force: true });
      rmSync(dropped?.segment.indexPath ?? '', { force: true });
    }
  }

  *#closedIndexes(): Generator<SegmentIndex> {
    for (const { segment } of this.#closed.toReversed()) {
      const index = readSegmentIndex(segment);
      if (index !== undefined) {
        yield index;
      }
    }
  }
}

async function makeIndex(segment: Segment): Promise<SegmentIndex> {
  const index = await scanSegment(segment);
  writeSegmentIndex(segment, index);
  return index;
}

function addAll(versions: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [streamId, version] of more) {
    versions.set(streamId, version);
  }
}

/** A new file's name is on the disk only when its directory is synced as well. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
