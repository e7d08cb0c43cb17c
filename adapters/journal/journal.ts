import {
  closeSync,
  existsSync,
  fdatasync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import {
  eventPayload,
  maximumPayloadBytes,
  recordsPerSegment,
  segmentBytes,
  segmentOf,
} from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { recordBytes } from '../../core/request/record-layout.js';
import { replaceWithAnonymous } from '../linux/index.js';
import { MappedSegments } from './mapped-segments.js';
import {
  createMappedFile,
  createSegment,
  type MappedFile,
  nameSegment,
  noteOpenFrom,
  readHeader,
  segmentName,
  segmentNumber,
} from './segment-file.js';
import { SharedCounters } from './shared-counters.js';

/** A mapped segment as it is handed to loops. */
export interface PreparedSegment {
  readonly segment: number;
  readonly address: number;
}

export interface JournalOptions {
  readonly directory: string;
  readonly build: string;
  readonly wallClockBaseMs: number;
  /** Segments on disk at most; at the bound requests wait, nothing is dropped. */
  readonly maximumSegments: number;
}

/**
 * The journal as a supervisor's main thread keeps it: it prepares segments ahead of the loops, lets go of
 * those that are done with, and writes lifecycle events in the same sequence as requests.
 */
export class Journal {
  readonly counters = new SharedCounters();
  private readonly writer = new MappedSegments(this.counters, 0);
  private readonly mapped = new Map<number, MappedFile>();
  private readonly scratch = new RequestRecord();
  private spare: { path: string; file: MappedFile } | undefined;
  private prepared = 0;
  private begun = { epoch: 0, firstSegment: 0, wallClockBaseMs: 0 };
  private openFrom = 0;

  private constructor(private readonly options: JournalOptions) {}

  /** Opens the journal for writing under a new epoch; the caller holds the state directory's lock. */
  static open(options: JournalOptions): Journal {
    const journal = Journal.prepare(options);
    journal.begin();
    return journal;
  }

  /** What can be done before it is this process's turn to write: a file is made ready, under another name. */
  static prepare(options: JournalOptions): Journal {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const journal = new Journal(options);
    removeSpares(options.directory);
    const path = join(options.directory, `${process.pid}.spare`);
    journal.spare = { path, file: createMappedFile(path) };
    return journal;
  }

  /**
   * Begins a new epoch behind the last one. `openFrom` is the eldest segment in which a predecessor may have
   * left a request unfinished. Throws DEPUTY_E_JOURNAL_FORMAT_NEWER or DEPUTY_E_JOURNAL_CORRUPT.
   */
  begin(wallClockBaseMs: number = this.options.wallClockBaseMs): void {
    const last = lastSegment(this.options.directory);
    const firstSegment = last.segment + 1;
    this.begun = { epoch: last.epoch + 1, firstSegment, wallClockBaseMs };
    this.openFrom = last.openFrom;
    this.prepared = last.segment;
    this.counters.start(firstSegment * recordsPerSegment);
    this.writer.begin(this.epoch);
    this.prepareAhead();
  }

  /** The number of this writer: one more than the last one's. */
  get epoch(): number {
    return this.begun.epoch;
  }

  get firstSegment(): number {
    return this.begun.firstSegment;
  }

  /** Monotonic microseconds to a date, as this epoch's header says. */
  get wallClockBaseMs(): number {
    return this.begun.wallClockBaseMs;
  }

  /** Eldest segment in which a request may be unfinished: a predecessor's until all of those are done. */
  get eldestOpenSegment(): number {
    return this.openFrom;
  }

  /** Notes, for a successor, that all requests in segments before this one are finished. */
  noteOpenFrom(segment: number): void {
    if (segment <= this.openFrom) return;
    this.openFrom = segment;
    const newest = this.mapped.get(this.prepared);
    if (newest !== undefined) noteOpenFrom(newest, segment);
  }

  /**
   * Makes sure that the segment in use and the next one are ready. Returns those that are new. At the bound
   * on disk it makes none: the loops wait until old segments are let go.
   */
  prepareAhead(): PreparedSegment[] {
    const fresh: PreparedSegment[] = [];
    const wanted = segmentOf(this.counters.nextSlot) + 1;
    while (this.prepared < wanted && this.mappedOrKept() < this.options.maximumSegments) {
      const segment = this.prepared + 1;
      const created = this.createNext(segment);
      this.mapped.set(segment, created);
      this.writer.add(segment, created.address);
      this.prepared = segment;
      fresh.push({ segment, address: created.address });
    }
    return fresh;
  }

  /** All segments that are mapped now, for a loop that starts. */
  segments(): PreparedSegment[] {
    return [...this.mapped].map(([segment, { address }]) => ({ segment, address }));
  }

  /** Writes a payload into the sequence: its ticket. Throws DEPUTY_E_JOURNAL_FULL at the bound. */
  appendEvent(payload: string): number {
    const text = Buffer.from(payload);
    if (text.length > maximumPayloadBytes) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'bytes of an event', limit: maximumPayloadBytes });
    }
    const slots = Math.ceil((eventPayload.text + text.length) / recordBytes);
    this.prepareAhead();
    if (!this.writer.attachRun(this.scratch, slots)) {
      const { directory: path, maximumSegments } = this.options;
      throw deputyError('DEPUTY_E_JOURNAL_FULL', { path, maximumBytes: maximumSegments * segmentBytes });
    }
    this.scratch.setU32(eventPayload.length, text.length);
    this.scratch.setU32(eventPayload.slots, slots);
    this.scratch.views.u8.set(text, this.scratch.base + eventPayload.text);
    return this.writer.commit(this.scratch, slots);
  }

  /**
   * Lets the mappings of segments before `segment` go; the caller knows that no loop writes there any more.
   */
  unmapBefore(segment: number): void {
    const bound = Math.min(segment, this.writer.oldestNeeded());
    this.writer.dropBefore(bound);
    for (const [number, { address, descriptor }] of [...this.mapped]) {
      if (number >= bound) continue;
      replaceWithAnonymous(address, segmentBytes);
      closeSync(descriptor);
      this.mapped.delete(number);
    }
  }

  /** Removes files of segments that are published and no longer mapped. */
  removeBefore(segment: number): void {
    for (const number of segmentsIn(this.options.directory)) {
      if (number < segment && !this.mapped.has(number)) {
        unlinkSync(join(this.options.directory, segmentName(number)));
      }
    }
  }

  /** Age of a segment's last change in milliseconds, or undefined when its file is gone. */
  ageMs(segment: number, nowMs: number): number | undefined {
    try {
      return nowMs - statSync(join(this.options.directory, segmentName(segment))).mtimeMs;
    } catch {
      return undefined;
    }
  }

  /** Writes what is mapped to the disk; errors are the caller's to log. */
  async sync(): Promise<void> {
    await Promise.all(
      [...this.mapped.values()].map(
        ({ descriptor }) =>
          new Promise<void>((resolve, reject) => {
            fdatasync(descriptor, (error) => (error ? reject(error) : resolve()));
          }),
      ),
    );
  }

  close(): void {
    if (this.spare !== undefined) {
      closeSync(this.spare.file.descriptor);
      rmSync(this.spare.path, { force: true });
    }
    for (const { descriptor } of this.mapped.values()) closeSync(descriptor);
    this.mapped.clear();
  }

  private createNext(segment: number): MappedFile {
    const { directory, build } = this.options;
    const { epoch, wallClockBaseMs } = this.begun;
    const header = { segment, epoch, wallClockBaseMs, build, openFrom: this.openFrom };
    const { spare } = this;
    if (spare === undefined) return createSegment(directory, header);
    this.spare = undefined;
    nameSegment(spare.path, spare.file, directory, header);
    return spare.file;
  }

  private mappedOrKept(): number {
    return segmentsIn(this.options.directory).length;
  }
}

/** Numbers of the segments in a directory, ascending. */
export function segmentsIn(directory: string): number[] {
  return readdirSync(directory)
    .map(segmentNumber)
    .filter((number): number is number => number !== undefined)
    .sort((a, b) => a - b);
}

function lastSegment(directory: string): { segment: number; epoch: number; openFrom: number } {
  let last = { segment: 0, epoch: 0, openFrom: 0 };
  for (const segment of segmentsIn(directory)) {
    const header = readHeader(join(directory, segmentName(segment)));
    last = {
      segment,
      epoch: Math.max(last.epoch, header?.epoch ?? 0),
      openFrom: header?.openFrom ?? last.openFrom,
    };
  }
  return last;
}

/** Files that processes had made ready which never had their turn, and are gone. */
function removeSpares(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /^(\d+)\.spare$/.exec(name)?.[1];
    if (pid === undefined) continue;
    if (pid === `${process.pid}` || !existsSync(`/proc/${pid}`))
      rmSync(join(directory, name), { force: true });
  }
}
