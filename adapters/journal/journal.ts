import { closeSync, fdatasync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type DeputyError, deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import {
  eventPayload,
  maximumPayloadBytes,
  payloadSlots,
  placeIn,
  recordsPerSegment,
  segmentBytes,
  segmentOf,
} from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { replaceWithAnonymous, viewMemory } from '../linux/index.js';
import { hasOpenRecord } from './has-open-record.js';
import { JournalBound } from './journal-bound.js';
import { findLastSegment, segmentsIn } from './last-segment.js';
import { MappedSegments } from './mapped-segments.js';
import { createSegment, type MappedFile, noteOpenFrom, segmentName } from './segment-file.js';
import { SegmentSealer } from './segment-sealer.js';
import { SharedCounters } from './shared-counters.js';
import { SpareSegment } from './spare-segment.js';
import { trimSegments } from './trim-segments.js';

/**
 * When so many slots of a segment are used the next one is made: the rest lasts longer than that takes, and
 * an epoch that is soon over costs one segment.
 */
const nextIsMadeAt = recordsPerSegment / 8;

/** A mapped segment as it is handed to loops. */
export interface PreparedSegment {
  readonly segment: number;
  readonly address: number;
}

export interface JournalOptions {
  readonly directory: string;
  readonly build: string;
  readonly wallClockBaseMs: number;
  /** Disk space of so many segments at most; at the bound requests wait, nothing is dropped. */
  readonly maximumSegments: number;
  /** Counters that a loop shares already. */
  readonly counters?: SharedCounters;
}

/**
 * The journal as a supervisor's main thread keeps it: it prepares segments ahead of the loops, lets go of
 * those that are done with, and writes lifecycle events in the same sequence as requests.
 */
export class Journal {
  readonly counters: SharedCounters;
  private readonly sealer = new SegmentSealer();
  private readonly writer: MappedSegments;
  private readonly mapped = new Map<number, MappedFile>();
  /** Of segments that were let go the last ticket that one of their records can have. */
  private readonly lastTickets = new Map<number, number>();
  private readonly scratch = new RequestRecord();
  private readonly bound: JournalBound;
  private spare: SpareSegment | undefined;
  private prepared = 0;
  private begun = { epoch: 0, firstSegment: 0, wallClockBaseMs: 0 };
  private openFrom = 0;
  private found: readonly DeputyError[] = [];

  private constructor(private readonly options: JournalOptions) {
    this.counters = options.counters ?? new SharedCounters();
    this.writer = new MappedSegments(this.counters, 0);
    this.bound = new JournalBound(options.directory, options.maximumSegments * segmentBytes);
  }

  /**
   * Opens the journal for writing under a new epoch; the caller holds the state directory's lock. Throws
   * DEPUTY_E_STATE_DIRECTORY_UNWRITABLE, DEPUTY_E_DISK_FULL, DEPUTY_E_JOURNAL_FORMAT_NEWER.
   */
  static open(options: JournalOptions): Journal {
    const journal = Journal.prepare(options);
    journal.begin();
    return journal;
  }

  /**
   * What can be done before it is this process's turn to write: a file is made ready, under another name.
   * Nothing of the journal is read. Where the disk is full there is none: it may have room at that time.
   * Throws DEPUTY_E_STATE_DIRECTORY_UNWRITABLE.
   */
  static prepare(options: JournalOptions): Journal {
    const journal = new Journal(options);
    try {
      journal.spare = SpareSegment.create(options.directory);
    } catch (error) {
      if (!isDeputyError(error, 'DEPUTY_E_DISK_FULL')) throw error;
    }
    return journal;
  }

  /**
   * Begins a new epoch behind the last one, with one segment. Throws as open(), and leaves nothing behind
   * then: an agent that is started again and again on a full disk must not fill it with empty segments.
   */
  begin(wallClockBaseMs: number = this.options.wallClockBaseMs): void {
    try {
      const last = findLastSegment(this.options.directory);
      const firstSegment = last.segment + 1;
      this.begun = { epoch: last.epoch + 1, firstSegment, wallClockBaseMs };
      this.openFrom = last.openFrom;
      this.found = last.damage;
      this.prepared = last.segment;
      this.counters.start(firstSegment * recordsPerSegment);
      this.writer.begin(this.epoch);
      this.prepareAhead();
    } catch (error) {
      this.removeSpare();
      throw error;
    }
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

  /** What was found wrong with older segments; none of it keeps this epoch from writing. */
  get damage(): readonly DeputyError[] {
    return this.found;
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
   * Makes sure that the segment in use is ready, and in time the next one. Returns those that are new. At the
   * bound on disk it makes none: the loops wait until old segments are let go.
   */
  prepareAhead(): PreparedSegment[] {
    const fresh: PreparedSegment[] = [];
    const { nextSlot } = this.counters;
    const wanted = segmentOf(nextSlot) + (placeIn(nextSlot) < nextIsMadeAt ? 0 : 1);
    while (this.prepared < wanted && this.bound.hasRoom(this.mapped.size === 0)) {
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
    const slots = payloadSlots(text.length);
    // What there is room for is written, even if there is none on the disk for the next segment.
    let attached = this.writer.attachRun(this.scratch, slots);
    if (!attached) {
      this.prepareAhead();
      attached = this.writer.attachRun(this.scratch, slots);
    }
    if (!attached) throw this.bound.full();
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
      this.sealer.seal(descriptor);
      this.mapped.delete(number);
      this.lastTickets.set(number, this.counters.nextTicket - 1);
    }
  }

  /**
   * Removes files of segments that are no longer mapped and whose records are all published: a record's
   * ticket may be much later than its slot, as late as its epoch's end. `position` is the first ticket that
   * is not published.
   */
  removeBefore(segment: number, position: number): void {
    const lastOfFormer = this.firstSegment * recordsPerSegment - 1;
    for (const number of segmentsIn(this.options.directory)) {
      if (number >= segment || this.mapped.has(number)) continue;
      if ((this.lastTickets.get(number) ?? lastOfFormer) >= position) continue;
      unlinkSync(join(this.options.directory, segmentName(number)));
      this.lastTickets.delete(number);
    }
  }

  /** Gives back what predecessors have not used of their segments. */
  trimFormer(): void {
    trimSegments(this.options.directory, this.firstSegment);
  }

  /** Age of a segment's last change in milliseconds, or undefined when its file is gone. */
  ageMs(segment: number, nowMs: number): number | undefined {
    try {
      return nowMs - statSync(join(this.options.directory, segmentName(segment))).mtimeMs;
    } catch {
      return undefined;
    }
  }

  /** DEPUTY_E_JOURNAL_FULL when loops wait, or soon will, for a segment that the bound does not allow. */
  get fullness(): DeputyError | undefined {
    const isBehind = this.prepared < segmentOf(this.counters.nextSlot);
    return isBehind && !this.bound.hasRoom(this.mapped.size === 0) ? this.bound.full() : undefined;
  }

  /** Is more than half of what it may take taken? */
  get isCrowded(): boolean {
    return this.bound.isCrowded;
  }

  /** Writes what is mapped to the disk; errors, of sealing too, are the caller's to log. */
  async sync(): Promise<void> {
    this.sealer.throwFailure();
    await Promise.all(
      [...this.mapped.values()].map(
        ({ descriptor }) =>
          new Promise<void>((resolve, reject) => {
            fdatasync(descriptor, (error) => (error ? reject(error) : resolve()));
          }),
      ),
    );
  }

  /**
   * Lets everything go. `isComplete`: all loops have ended, so nobody writes any more and what is left is
   * sealed. What a killed predecessor left stays without a seal.
   */
  async close(isComplete = true): Promise<void> {
    this.removeSpare();
    const mapped = [...this.mapped.values()];
    this.mapped.clear();
    for (const { address, descriptor } of mapped) {
      if (isComplete && !hasOpenRecord(viewMemory(address, segmentBytes))) this.sealer.seal(descriptor);
      else closeSync(descriptor);
      if (isComplete) replaceWithAnonymous(address, segmentBytes);
    }
    await this.sealer.finish();
  }

  private createNext(segment: number): MappedFile {
    const { directory, build } = this.options;
    const { epoch, wallClockBaseMs } = this.begun;
    const header = { segment, epoch, wallClockBaseMs, build, openFrom: this.openFrom };
    if (this.spare === undefined) return createSegment(directory, header);
    const file = this.spare.use(directory, header);
    this.spare = undefined;
    return file;
  }

  private removeSpare(): void {
    this.spare?.remove();
    this.spare = undefined;
  }
}
