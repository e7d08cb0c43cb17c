import type { DeputyError } from '../../core/errors/deputy-error.js';
import { segmentOf } from '../../core/journal/segment-layout.js';
import type { Logger } from '../../core/ports/logger.js';
import type { RequestRecord } from '../../core/request/record.js';
import type { FileEventStore } from '../event-store/index.js';
import type { Journal } from '../journal/journal.js';
import { MappedSegments } from '../journal/mapped-segments.js';
import { Outage } from '../logging/outage.js';
import type { Publisher } from '../supervisor/publisher.js';

/** Published segments are kept as an agent keeps them, for whoever looks into them, where there is room. */
const retentionMs = 120_000;
const tendEveryMs = 1_000;
const journalFails = 'there is no room in the journal; requests wait';

/** The journal as the thread of a broker writes it, which is the one that keeps it as well. */
export class BrokerJournal {
  private readonly segments: MappedSegments;
  private readonly growth: Outage;
  private readonly timer: NodeJS.Timeout;
  private announced = 0;
  private forgottenBefore = 0;
  private removable = 0;
  private isRecovered = false;

  constructor(
    private readonly journal: Journal,
    private readonly publisher: Publisher,
    private readonly store: FileEventStore,
    private readonly logger: Logger,
    private readonly nowMs: () => number,
  ) {
    this.growth = new Outage(logger, journalFails, 'the journal has room again');
    this.segments = new MappedSegments(journal.counters, journal.epoch);
    for (const damage of journal.damage) this.sayDamage(damage);
    this.takeSegments();
    this.timer = setInterval(() => void this.tend(), tendEveryMs);
    this.timer.unref();
  }

  /** Points the record at a free slot: false when there is none yet. */
  attachFree(record: RequestRecord, listener: number): boolean {
    if (this.segments.attachFree(record, listener)) return true;
    this.prepare();
    return this.segments.attachFree(record, listener);
  }

  consume(): void {
    this.segments.consume();
  }

  commit(record: RequestRecord): void {
    this.segments.commit(record);
  }

  /** Nothing of a predecessor's is unfinished any more. */
  noteRecovered(): void {
    this.isRecovered = true;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private prepare(): void {
    try {
      this.journal.prepareAhead();
      this.takeSegments();
      const { fullness } = this.journal;
      if (fullness === undefined) this.growth.end();
      else this.growth.note(fullness);
    } catch (error) {
      this.growth.note(error);
    }
  }

  private takeSegments(): void {
    for (const { segment, address } of this.journal.segments()) {
      if (segment <= this.announced) continue;
      this.announced = segment;
      this.segments.add(segment, address);
    }
  }

  /** Predecessors that were soon over leave room, and what is published goes where there is little. */
  async begin(): Promise<void> {
    this.journal.trimFormer();
    await this.publisher.caughtUp();
    await this.tend();
  }

  private async tend(): Promise<void> {
    try {
      this.prepare();
      this.publisher.writeWaiting();
      const oldest = this.segments.oldestNeeded();
      if (this.isRecovered) this.journal.noteOpenFrom(oldest);
      if (oldest > this.forgottenBefore) {
        this.forgottenBefore = oldest;
        this.segments.dropBefore(oldest);
        this.journal.unmapBefore(oldest);
      }
      // What is published meanwhile is not on the disk yet.
      const { position } = this.publisher;
      await Promise.all([this.journal.sync(), this.store.flush()]);
      await this.publisher.keepCheckpoint();
      this.remove(position);
    } catch (error) {
      this.logger.warn({ err: error }, 'the state directory could not be tended');
    }
  }

  private remove(position: number): void {
    const done = Math.min(segmentOf(position), this.journal.eldestOpenSegment);
    const keepsMs = this.journal.isCrowded ? 0 : retentionMs;
    for (; this.removable < done; this.removable++) {
      const ageMs = this.journal.ageMs(this.removable, this.nowMs());
      if (keepsMs > 0 && ageMs !== undefined && ageMs < keepsMs) break;
    }
    this.journal.removeBefore(this.removable, position);
  }

  private sayDamage({ code, message, remedy }: DeputyError): void {
    this.logger.error({ code, remedy }, message);
  }
}
