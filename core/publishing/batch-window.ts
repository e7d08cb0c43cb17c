import { rest, type Timers } from '../ports/timers.js';
import { EventBatch } from './event-batch.js';
import type { PublishedStore } from './published-store.js';

/** After a failure of the store it is tried again this often; requests go on meanwhile. */
const retryMs = 500;

/** Who is told that the store fails, and that it is well again. */
export interface OutageNote {
  note(error: unknown): void;
  end(): void;
}

interface Sent {
  readonly batch: EventBatch;
  /** All records before this ticket are in this batch or in those before it. */
  position: number;
  isStored: boolean;
}

/**
 * Batches on their way to the store: as many as the store wants at once, and no more, so that memory is
 * bounded whatever it does.
 */
export class BatchWindow {
  private readonly sent: Sent[] = [];
  private readonly free: EventBatch[] = [new EventBatch()];
  private filling = new EventBatch();
  private wake: (() => void)[] = [];
  private failure: unknown;
  private abandoned = false;
  private isLastTry = false;

  constructor(
    private readonly target: Pick<PublishedStore, 'batchesInFlight' | 'appendBatch'>,
    private readonly outage: OutageNote,
    private readonly timers: Timers,
    /** All before this ticket is stored. */
    private readonly onStored: (position: number) => void,
  ) {}

  /** The batch that is being filled. */
  get current(): EventBatch {
    return this.filling;
  }

  /** The end has come, and not all is stored. */
  get isAbandoned(): boolean {
    return this.abandoned;
  }

  /** Nothing is on its way, nor being filled. */
  get isEmpty(): boolean {
    return this.sent.length === 0 && this.filling.count === 0;
  }

  /** Sends what was filled, which ends before `position`; waits for room. Throws what failed. */
  async send(position: number): Promise<void> {
    const { filling: batch, sent } = this;
    if (batch.count === 0) {
      const last = sent.at(-1);
      if (last === undefined) this.onStored(position);
      else last.position = position;
      return;
    }
    const entry = { batch, position, isStored: false };
    sent.push(entry);
    this.append(batch).then(
      (isStored) => isStored && this.stored(entry),
      (error: unknown) => this.fail(error),
    );
    while (this.sent.length >= this.target.batchesInFlight && !this.isOver) await this.change();
    this.filling = this.free.pop() ?? new EventBatch();
    this.throwFailure();
  }

  /** Waits until nothing is on its way. Throws what failed. */
  async drain(): Promise<void> {
    while (this.sent.length > 0 && !this.isOver) await this.change();
    this.throwFailure();
  }

  /** A batch that fails from here on is not tried again. */
  abandonRetries(): void {
    this.isLastTry = true;
  }

  /** Nothing is waited for any more. */
  abandon(): void {
    this.abandoned = true;
    this.changed();
  }

  private get isOver(): boolean {
    return this.abandoned || this.failure !== undefined;
  }

  /** A store that fails for good fails all; one that takes a batch at a time is asked again and again. */
  private async append(batch: EventBatch): Promise<boolean> {
    while (!this.abandoned) {
      try {
        await this.target.appendBatch(batch);
        this.outage.end();
        return true;
      } catch (error) {
        this.outage.note(error);
        if (this.target.batchesInFlight > 1) throw error;
        if (!this.isLastTry) await rest(this.timers, retryMs);
        if (this.isLastTry) this.abandon();
      }
    }
    return false;
  }

  private stored(entry: Sent): void {
    entry.isStored = true;
    while (this.sent[0]?.isStored) {
      const { batch, position } = this.sent.shift() as Sent;
      batch.clear();
      this.free.push(batch);
      this.onStored(position);
    }
    this.changed();
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.changed();
  }

  private throwFailure(): void {
    if (this.failure !== undefined && !this.abandoned) throw this.failure;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.wake.push(resolve));
  }

  private changed(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const resolve of waiting) resolve();
  }
}
