import { setTimeout as rest, setImmediate } from 'node:timers/promises';
import type { DeputyError } from '../../core/errors/deputy-error.js';
import type { EventType } from '../../core/events/event-versions.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { EventDraft, OpenStream, Sequencer } from '../../core/ports/sequencer.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { EventMaker } from '../../core/publishing/event-maker.js';
import type { Payload } from '../../core/publishing/event-payload.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import type { PublishedStore, StoreState } from '../../core/publishing/published-store.js';
import { PublishedWaiters } from '../../core/publishing/published-waiters.js';
import { recallStreams } from '../../core/publishing/recall-streams.js';
import { reconcileStreams } from '../../core/publishing/reconcile-streams.js';
import type { RequestRecord } from '../../core/request/record.js';
import type { FileEventStore } from '../event-store/file-event-store.js';
import { EpochClocks } from '../journal/epoch-clocks.js';
import { JournalTail, type TailSink } from '../journal/journal-tail.js';
import { Outage } from '../logging/outage.js';
import { BatchWindow } from './batch-window.js';
import { CheckpointWriter } from './checkpoint-writer.js';
import { EventQueue } from './event-queue.js';
import { type PublishTarget, targetOf } from './publish-target.js';
import type { PublisherOptions } from './publisher-options.js';
import { findStart } from './starting-point.js';

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

const storeFails = 'the event store does not take events, which the journal keeps meanwhile';

/**
 * Follows the journal in its order, gives each event its version, and appends to the store. Every event of
 * the system takes this one way. It begins with what predecessors left unpublished.
 */
export class Publisher implements Sequencer, TailSink {
  private tail: JournalTail | undefined;
  private target: PublishTarget | undefined;
  private window: BatchWindow | undefined;
  private maker: EventMaker;
  /** While what was published is read again, the one that had read all of it: its counts are true. */
  private furthest: { readonly maker: EventMaker; readonly position: number } | undefined;
  private readonly waiters = new PublishedWaiters();
  private readonly queue: EventQueue;
  private readonly outage: Outage;
  private readonly clocks: EpochClocks;
  private publishedBefore = 0;
  private announcement: Promise<void> | undefined;
  private readonly checkpoints: CheckpointWriter;
  private isCaughtUp = false;
  /** The journal was read from a checkpoint on that the store bears out. */
  private isTrusted = false;
  private isReconciled = false;
  private stopping = false;
  private running: Promise<void> | undefined;
  private readonly caught: Promise<readonly OpenStream[]>;
  private resolveCaught: (streams: readonly OpenStream[]) => void = () => undefined;

  constructor(private readonly options: PublisherOptions) {
    this.clocks = new EpochClocks(options.journalDirectory);
    this.maker = this.newMaker();
    this.checkpoints = new CheckpointWriter(options.journalDirectory, options.logger);
    this.queue = new EventQueue(options.journal);
    this.outage = new Outage(options.logger, storeFails, 'the event store takes events again');
    this.caught = new Promise((resolve) => {
      this.resolveCaught = resolve;
    });
  }

  /** Starts following, once the journal's epoch has begun and the store is open. */
  async start(store: FileEventStore | PublishedStore): Promise<void> {
    this.target = targetOf(store);
    await this.begin(this.target);
    this.running = this.run(this.target);
  }

  /** What a store says of itself while it waits for its server. */
  noteState(state: StoreState, error: DeputyError | undefined): void {
    if (error !== undefined) this.outage.note(error);
    else if (state === 'open') this.outage.end();
  }

  append<Type extends EventType>(draft: EventDraft<Type>): number {
    const payload: Payload = { kind: 'draft', timeMs: Date.now(), draft };
    return this.queue.append(JSON.stringify(payload));
  }

  /**
   * Writes down whose a listener is: undefined when it stands there, and its first record may follow; else
   * there is no room for it yet, and the promise says when.
   */
  introduce(identity: ListenerIdentity): Promise<unknown> | undefined {
    const ticket = this.queue.append(JSON.stringify({ kind: 'listener', identity } satisfies Payload));
    return ticket >= 0 ? undefined : this.queue.written(ticket);
  }

  /** Writes down that a listener is gone: none of its records follows. */
  dismiss(key: number): void {
    try {
      this.queue.append(JSON.stringify({ kind: 'gone', key } satisfies Payload));
    } catch (error) {
      // Only memory is lost by it, and that with the next supervisor.
      this.options.logger.warn({ err: error, listener: key }, 'that a listener is gone is not written down');
    }
  }

  /** Writes what had to wait for room in the journal. */
  writeWaiting(): void {
    this.queue.writeWaiting();
  }

  async published(given: number): Promise<void> {
    const ticket = await this.queue.written(given);
    if (ticket >= this.publishedBefore) await this.waiters.wait(ticket);
  }

  caughtUp(): Promise<readonly OpenStream[]> {
    return this.caught;
  }

  countsOf(delegationId: string): Counts {
    return (this.furthest?.maker ?? this.maker).streams.countsOf(delegationId);
  }
  /** How its target uses handles, as far as was read; all of it where nothing is left to be read. */
  useOf = (id: string) => this.maker.uses.useOf(id, this.announcement !== undefined);

  /** The first ticket that a successor would read: all before it can be let go. */
  get position(): number {
    return Math.min(this.publishedBefore, this.checkpoints.position);
  }

  /** Publishes what is committed and stops. */
  async stop(): Promise<void> {
    const events = this.queue.writeWaiting();
    if (events > 0) this.options.logger.error({ events }, 'there is no room to write events; they end here');
    this.stopping = true;
    this.options.journal.counters.announce();
    const late = setTimeout(() => this.window?.abandon(), endWaitMs);
    if (this.target?.batchesInFlight === 1) this.window?.abandonRetries();
    await this.running;
    clearTimeout(late);
    this.tail?.close();
    if (this.running !== undefined) await this.checkpoint(0);
  }

  request(record: RequestRecord, ticket: number): void {
    this.maker.request(record, ticket);
  }

  event(text: string, ticket: number): void {
    this.maker.event(text, ticket);
  }

  /** Finds out where to go on, and gets the store ready for what is behind that. */
  private async begin(target: PublishTarget): Promise<void> {
    const { journalDirectory } = this.options;
    // What this process has read is there; before that only what predecessors left is known to be.
    const known = this.tail?.position ?? this.first;
    const { from, checkpoint } = await findStart(target, journalDirectory, known);
    const maker = this.newMaker();
    if (checkpoint === undefined) await recallStreams(target, from, maker.streams);
    else maker.restore(checkpoint);
    this.isTrusted = checkpoint !== undefined;
    this.maker = maker;
    this.window = new BatchWindow(target, this.outage, (position) => this.stored(position));
    maker.writeTo(this.window.current);
    this.tail?.close();
    this.tail = new JournalTail(journalDirectory, from, this.first);
    this.publishedBefore = from;
    this.checkpoints.begin(from);
    if (from >= this.first && !this.isReconciled) await this.reconcile(target);
  }

  /** The first ticket of this epoch. */
  private get first(): number {
    return this.options.journal.firstSegment * recordsPerSegment;
  }

  private newMaker(): EventMaker {
    const { journal, node, syscallName, logger } = this.options;
    const epoch = (): number => journal.epoch;
    const onDamaged = (ticket: number): void =>
      logger.error({ ticket }, 'an event in the journal is damaged, and left out');
    const baseMs = (ticket: number): number => this.clocks.baseMs(ticket);
    return new EventMaker({ node, syscallName, epoch, baseMs, onDamaged }, new EventBatch());
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
        this.outage.note(error);
        const { position = 0 } = this.tail ?? {};
        this.furthest ??= { maker: this.maker, position };
        await this.beginAnew(target);
      }
    }
  }

  private async beginAnew(target: PublishTarget): Promise<void> {
    for (let attempt = 0; !this.stopping; attempt++) {
      try {
        if (attempt > 0) await rest(retryMs);
        return await this.begin(target);
      } catch (error) {
        this.outage.note(error);
      }
    }
  }

  private async follow(target: PublishTarget): Promise<void> {
    const { tail, window, first } = this;
    if (tail === undefined || window === undefined) return;
    for (;;) {
      if (!this.isCaughtUp && tail.position >= first) {
        await window.drain();
        if (!this.isReconciled) await this.reconcile(target);
        this.isCaughtUp = true;
        // A successor that is killed soon has not to do it all again.
        if (this.publishedBefore > this.checkpoints.position) await this.checkpoint(0);
        this.resolveCaught(this.maker.streams.list());
      }
      // A batch doesn't reach across the end of what predecessors left.
      const limit = tail.position < first ? Math.min(batchRecords, first - tail.position) : batchRecords;
      const count = tail.read(this, limit);
      if (count > 0) {
        const isEmpty = window.current.count === 0;
        await window.send(tail.position);
        if (window.isAbandoned) return;
        this.maker.writeTo(window.current);
        if (this.checkpoints.isDue(checkpointEveryMs)) await window.drain();
        await this.checkpoint(checkpointEveryMs);
        // The gaps of predecessors' segments are many, and soon passed over.
        await (isEmpty ? setImmediate() : rest(restMs));
        continue;
      }
      await window.drain();
      if (this.stopping) return;
      await this.idle();
    }
  }

  /** Waits for more. Where seconds are summarized, time passes in the journal's order too. */
  private async idle(): Promise<void> {
    // One that is waited for at a time: another would take its word away.
    this.announcement ??= this.options.journal.counters.announced().then(() => {
      this.announcement = undefined;
    });
    if (!this.maker.hasOpenSummaries) return this.announcement;
    await Promise.race([this.announcement, rest(summaryMs)]);
    if (this.announcement === undefined || this.stopping) return;
    this.queue.append(JSON.stringify({ kind: 'tick', timeMs: Date.now() } satisfies Payload));
  }

  /**
   * For whoever tends the disk: without records that follow no batch brings the next checkpoint, and while
   * the journal is full none do follow until what the checkpoint covers may go.
   */
  async keepCheckpoint(): Promise<void> {
    if (this.publishedBefore > this.checkpoints.position) await this.checkpoint(checkpointEveryMs);
  }

  /** Keeps what is known at this position, if the last time is long enough ago. */
  private checkpoint(everyMs: number): Promise<void> {
    return this.checkpoints.write(everyMs, () => {
      // What is not in the store yet has changed what is known already.
      if (this.window?.isEmpty !== true) return undefined;
      const known = this.maker.checkpoint(this.publishedBefore);
      const cursor = this.target?.cursor;
      return cursor === undefined ? known : { ...known, cursor };
    });
  }
}
