import type { Counts } from '../events/vocabulary.js';
import type { OpenStream } from '../ports/sequencer.js';
import { rest, type Timers } from '../ports/timers.js';
import type { HandleUse } from '../request/handle-use.js';
import type { RequestRecord } from '../request/record.js';
import { BatchWindow, type OutageNote } from './batch-window.js';
import type { Checkpoint } from './checkpoint.js';
import type { EventMaker } from './event-maker.js';
import type { PublishTarget } from './publish-target.js';
import { PublishedWaiters } from './published-waiters.js';
import { recallStreams } from './recall-streams.js';
import { reconcileStreams } from './reconcile-streams.js';
import type { StartingPoint } from './starting-point.js';

/** Records read in one go; a batch is one write of the store. */
const batchRecords = 128;
/**
 * Between batches the publisher lets others run. The hot loop may share its processor, and the scheduler
 * would let a long batch run on for milliseconds while a target waits.
 */
const restMs = 1;
/** After a failure that is for good it is tried anew this often; requests go on meanwhile. */
const retryMs = 2_000;
/** How long the last second of a summary may be open. */
const summaryMs = 1_000;
/** How long the end of the publisher waits for what is on its way. */
const endWaitMs = 5_000;
/** What a successor has to publish again at most; a checkpoint costs a small file. */
const checkpointEveryMs = 1_000;

/** Whom the journal's records are shown to, in their order. */
export interface RecordSink {
  request(record: RequestRecord, ticket: number): void;
  event(text: string, ticket: number): void;
}

/** The journal from a ticket on. */
export interface FollowedTail {
  readonly position: number;
  /** Shows up to `limit` records: how many tickets it went on by. */
  read(sink: RecordSink, limit: number): number;
  close(): void;
}

/** Where checkpoints are kept. */
export interface Checkpoints {
  /** Where the last one stands. */
  readonly position: number;
  begin(position: number): void;
  isDue(everyMs: number): boolean;
  write(everyMs: number, make: () => Checkpoint | undefined): Promise<void>;
}

/** The journal that is followed, and what goes with it. */
export interface FollowerParts {
  /** The first ticket of this epoch. */
  readonly first: () => number;
  /** Its gaps below `first` are passed over. */
  readonly openTail: (from: number, first: number) => FollowedTail;
  readonly newMaker: () => EventMaker;
  readonly findStart: (target: PublishTarget, known: number) => Promise<StartingPoint>;
  readonly checkpoints: Checkpoints;
  readonly outage: OutageNote;
  readonly timers: Timers;
  /** Resolves when more is committed. */
  readonly announced: () => Promise<void>;
  readonly announce: () => void;
  /** Writes down that time has passed. */
  readonly tick: () => void;
}

/**
 * Follows the journal in its order, gives each event its version, and appends to the store. It begins with
 * what predecessors left unpublished.
 */
export class JournalFollower {
  private tail: FollowedTail | undefined;
  private target: PublishTarget | undefined;
  private window: BatchWindow | undefined;
  private maker: EventMaker;
  /** While what was published is read again, the one that had read all of it: its counts are true. */
  private furthest: { readonly maker: EventMaker; readonly position: number } | undefined;
  private readonly waiters = new PublishedWaiters();
  private publishedBefore = 0;
  /** Where it began last. */
  private begunAt = -1;
  private announcement: Promise<void> | undefined;
  private isCaughtUp = false;
  /** The journal was read from a checkpoint on that the store bears out. */
  private isTrusted = false;
  private isReconciled = false;
  private stopping = false;
  private running: Promise<void> | undefined;
  private resolveCaught: (streams: readonly OpenStream[]) => void = () => undefined;
  private readonly caught: Promise<readonly OpenStream[]>;
  private readonly sink: RecordSink = {
    request: (record, ticket) => this.maker.request(record, ticket),
    event: (text, ticket) => this.maker.event(text, ticket),
  };

  constructor(private readonly parts: FollowerParts) {
    this.maker = parts.newMaker();
    this.caught = new Promise((resolve) => {
      this.resolveCaught = resolve;
    });
  }

  /** Starts following, once the journal's epoch has begun and the store is open. */
  async start(target: PublishTarget): Promise<void> {
    this.target = target;
    await this.begin(target);
    this.running = this.run(target);
  }

  /** Resolves when what this ticket has is in the store. */
  async published(ticket: number): Promise<void> {
    if (ticket >= this.publishedBefore) await this.waiters.wait(ticket);
  }

  /** All that predecessors left is in the store: what is open then. */
  caughtUp(): Promise<readonly OpenStream[]> {
    return this.caught;
  }

  countsOf(delegationId: string): Counts {
    return (this.furthest?.maker ?? this.maker).streams.countsOf(delegationId);
  }

  /** How its target uses handles, as far as was read; all of it where nothing is left to be read. */
  useOf(delegationId: string): HandleUse | undefined {
    const { furthest } = this;
    const isAllRead = furthest === undefined && this.announcement !== undefined;
    return (furthest?.maker ?? this.maker).uses.useOf(delegationId, isAllRead);
  }

  /** The first ticket that is not known to be in the store. */
  get position(): number {
    return this.publishedBefore;
  }

  /** The first ticket that a successor would read: all before it can be let go. */
  get keptFrom(): number {
    return Math.min(this.publishedBefore, this.parts.checkpoints.position);
  }

  /** Publishes what is committed and stops. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.parts.announce();
    const cancel = this.parts.timers.after(endWaitMs, () => this.window?.abandon());
    if (this.target?.batchesInFlight === 1) this.window?.abandonRetries();
    await this.running;
    cancel();
    this.tail?.close();
    if (this.running !== undefined) await this.checkpoint(0);
  }

  /**
   * For whoever tends the disk: without records that follow no batch brings the next checkpoint, and while
   * the journal is full none do follow until what the checkpoint covers may go.
   */
  async keepCheckpoint(): Promise<void> {
    if (this.publishedBefore > this.parts.checkpoints.position) await this.checkpoint(checkpointEveryMs);
  }

  /** Finds out where to go on, and gets the store ready for what is behind that. */
  private async begin(target: PublishTarget): Promise<void> {
    const { parts } = this;
    // What this process has read is there; before that only what predecessors left is known to be.
    const known = this.tail?.position ?? parts.first();
    const { from, checkpoint } = await parts.findStart(target, known);
    const maker = parts.newMaker();
    if (checkpoint === undefined) await recallStreams(target, from, maker.streams);
    else maker.restore(checkpoint);
    this.isTrusted = checkpoint !== undefined;
    this.maker = maker;
    this.window = new BatchWindow(target, parts.outage, parts.timers, (position) => this.stored(position));
    maker.writeTo(this.window.current);
    this.tail?.close();
    this.tail = parts.openTail(from, parts.first());
    this.publishedBefore = this.begunAt = from;
    parts.checkpoints.begin(from);
    if (from >= parts.first() && !this.isReconciled) await this.reconcile(target);
  }

  private async reconcile(target: PublishTarget): Promise<void> {
    await reconcileStreams(target, this.maker.streams, this.isTrusted);
    this.isReconciled = true;
  }

  private stored(position: number): void {
    this.publishedBefore = position;
    this.waiters.resolveBefore(position);
    if (this.furthest !== undefined && position >= this.furthest.position) this.furthest = undefined;
  }

  /** Follows until it is told to stop. What a store refuses for good is begun anew, from a checkpoint. */
  private async run(target: PublishTarget): Promise<void> {
    while (!this.stopping) {
      try {
        return await this.follow(target);
      } catch (error) {
        this.parts.outage.note(error);
        const { position = 0 } = this.tail ?? {};
        this.furthest ??= { maker: this.maker, position };
        // What refuses at once would be asked again and again.
        if (this.publishedBefore === this.begunAt) await rest(this.parts.timers, retryMs);
        if (this.stopping) return;
        await this.beginAnew(target);
      }
    }
  }

  private async beginAnew(target: PublishTarget): Promise<void> {
    for (let attempt = 0; !this.stopping; attempt++) {
      try {
        if (attempt > 0) await rest(this.parts.timers, retryMs);
        return await this.begin(target);
      } catch (error) {
        this.parts.outage.note(error);
      }
    }
  }

  private async follow(target: PublishTarget): Promise<void> {
    const { tail, window } = this;
    const { checkpoints, timers } = this.parts;
    const first = this.parts.first();
    if (tail === undefined || window === undefined) return;
    for (;;) {
      if (!this.isCaughtUp && tail.position >= first) await this.catchUp(target, window);
      // A batch doesn't reach across the end of what predecessors left.
      const limit = tail.position < first ? Math.min(batchRecords, first - tail.position) : batchRecords;
      const count = tail.read(this.sink, limit);
      if (count > 0) {
        const isEmpty = window.current.count === 0;
        await window.send(tail.position);
        if (window.isAbandoned) return;
        this.maker.writeTo(window.current);
        if (checkpoints.isDue(checkpointEveryMs)) await window.drain();
        await this.checkpoint(checkpointEveryMs);
        // The gaps of predecessors' segments are many, and soon passed over.
        await (isEmpty ? timers.turn() : rest(timers, restMs));
        continue;
      }
      await window.drain();
      if (this.stopping) return;
      await this.idle();
    }
  }

  /** All that predecessors left is on its way. */
  private async catchUp(target: PublishTarget, window: BatchWindow): Promise<void> {
    await window.drain();
    if (!this.isReconciled) await this.reconcile(target);
    this.isCaughtUp = true;
    // A successor that is killed soon has not to do it all again.
    if (this.publishedBefore > this.parts.checkpoints.position) await this.checkpoint(0);
    this.resolveCaught(this.maker.streams.list());
  }

  /** Waits for more. Where seconds are summarized, time passes in the journal's order too. */
  private async idle(): Promise<void> {
    // One that is waited for at a time: another would take its word away.
    this.announcement ??= this.parts.announced().then(() => {
      this.announcement = undefined;
    });
    const { announcement } = this;
    if (!this.maker.hasOpenSummaries) return announcement;
    await new Promise<void>((resolve) => {
      const cancel = this.parts.timers.after(summaryMs, resolve);
      void announcement.then(() => {
        cancel();
        resolve();
      });
    });
    if (this.announcement === undefined || this.stopping) return;
    this.parts.tick();
  }

  /** Keeps what is known at this position, if the last time is long enough ago. */
  private checkpoint(everyMs: number): Promise<void> {
    return this.parts.checkpoints.write(everyMs, () => {
      // What is not in the store yet has changed what is known already.
      if (this.window?.isEmpty !== true) return undefined;
      const known = this.maker.checkpoint(this.publishedBefore);
      const cursor = this.target?.cursor;
      return cursor === undefined ? known : { ...known, cursor };
    });
  }
}
