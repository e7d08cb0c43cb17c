import { closeSync, fdatasync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import {
  eventPayload,
  maximumPayloadBytes,
  payloadSlots,
  recordsPerSegment,
  segmentBytes,
  segmentOf,
} from '../../core/journal/segment-layout.js';
import { RequestRecord } from '../../core/request/record.js';
import { replaceWithAnonymous, viewMemory } from '../linux/index.js';
import { findLastSegment, type LastSegment, segmentsIn } from './last-segment.js';
import { MappedSegments } from './mapped-segments.js';
import { hasOpenRecord } from './open-records.js';
import { storageError } from './segment-error.js';
import { createSegment, segmentName } from './segment-file.js';
import { SegmentSealer } from './segment-sealer.js';
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
  readonly epoch: number;
  readonly firstSegment: number;
  /** What was found wrong with older segments; none of it keeps this epoch from writing. */
  readonly damage: readonly DeputyError[];
  private readonly sealer = new SegmentSealer();
  private readonly writer: MappedSegments;
  private readonly mapped = new Map<number, { address: number; descriptor: number }>();
  /** Of segments that were let go the last ticket that one of their records can have. */
  private readonly lastTickets = new Map<number, number>();
  private prepared: number;
  private readonly scratch = new RequestRecord();

  private constructor(
    private readonly options: JournalOptions,
    last: LastSegment,
  ) {
    this.damage = last.damage;
    this.epoch = last.epoch + 1;
    this.firstSegment = last.segment + 1;
    this.prepared = last.segment;
    this.counters.start(this.firstSegment * recordsPerSegment);
    this.writer = new MappedSegments(this.counters, this.epoch);
  }

  /**
   * Opens the journal for writing under a new epoch; the caller holds the state directory's lock. Throws
   * DEPUTY_E_STATE_DIRECTORY_UNWRITABLE, DEPUTY_E_DISK_FULL, DEPUTY_E_JOURNAL_FORMAT_NEWER.
   */
  static open(options: JournalOptions): Journal {
    const { directory } = options;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storageError(directory, error);
    }
    const journal = new Journal(options, findLastSegment(directory));
    try {
      journal.prepareAhead();
    } catch (error) {
      // An agent that is started again and again on a full disk must not fill it with empty segments.
      journal.removePrepared();
      throw error;
    }
    return journal;
  }

  /** Monotonic microseconds to a date, as this epoch's header says. */
  get wallClockBaseMs(): number {
    return this.options.wallClockBaseMs;
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
      const { directory, build, wallClockBaseMs } = this.options;
      const created = createSegment(directory, { segment, epoch: this.epoch, wallClockBaseMs, build });
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
    if (!attached) throw this.full();
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
   * ticket may be much later than its slot. `position` is the first ticket that is not published.
   */
  removeBefore(segment: number, position: number): void {
    for (const number of segmentsIn(this.options.directory)) {
      if (number >= segment || this.mapped.has(number)) continue;
      if ((this.lastTickets.get(number) ?? -1) >= position) continue;
      unlinkSync(join(this.options.directory, segmentName(number)));
      this.lastTickets.delete(number);
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

  /** DEPUTY_E_JOURNAL_FULL when loops wait, or soon will, for a segment that the bound does not allow. */
  get fullness(): DeputyError | undefined {
    const isBehind = this.prepared < segmentOf(this.counters.nextSlot);
    return isBehind && this.mappedOrKept() >= this.options.maximumSegments ? this.full() : undefined;
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
   * sealed.
   */
  async close(isComplete = true): Promise<void> {
    const mapped = [...this.mapped.values()];
    this.mapped.clear();
    for (const { address, descriptor } of mapped) {
      if (isComplete && !hasOpenRecord(viewMemory(address, segmentBytes))) this.sealer.seal(descriptor);
      else closeSync(descriptor);
    }
    await this.sealer.finish();
  }

  private full(): DeputyError {
    const { directory: path, maximumSegments } = this.options;
    return deputyError('DEPUTY_E_JOURNAL_FULL', { path, maximumBytes: maximumSegments * segmentBytes });
  }

  private removePrepared(): void {
    for (const [number, { descriptor }] of this.mapped) {
      closeSync(descriptor);
      unlinkSync(join(this.options.directory, segmentName(number)));
    }
    this.mapped.clear();
  }

  private mappedOrKept(): number {
    return segmentsIn(this.options.directory).length;
  }
}
