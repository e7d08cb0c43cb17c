import { setTimeout as rest, setImmediate } from 'node:timers/promises';
import type { EventType } from '../../core/events/event-versions.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { EventDraft, OpenStream, Sequencer } from '../../core/ports/sequencer.js';
import { type Checkpoint, isAheadOfStore } from '../../core/publishing/checkpoint.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { EventMaker } from '../../core/publishing/event-maker.js';
import type { Payload } from '../../core/publishing/event-payload.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import { PublishedWaiters } from '../../core/publishing/published-waiters.js';
import { recallStreams } from '../../core/publishing/recall-streams.js';
import { reconcileStreams } from '../../core/publishing/reconcile-streams.js';
import type { RequestRecord } from '../../core/request/record.js';
import type { FileEventStore } from '../event-store/file-event-store.js';
import { EpochClocks } from '../journal/epoch-clocks.js';
import { JournalTail, type TailSink } from '../journal/journal-tail.js';
import { segmentsIn } from '../journal/last-segment.js';
import { Outage } from '../logging/outage.js';
import { CheckpointWriter } from './checkpoint-writer.js';
import { EventQueue } from './event-queue.js';
import type { PublisherOptions } from './publisher-options.js';

/** Records read in one go; a batch is one write of the store. */
const batchRecords = 128;
/**
 * Between batches the publisher lets others run. The hot loop may share its processor, and the scheduler
 * would let a long batch run on for milliseconds while a target waits.
 */
const restMs = 1;
/** After a failure of the store it is tried again this often; requests go on meanwhile. */
const retryMs = 500;
/** What a successor has to publish again at most; a checkpoint costs a small file. */
const checkpointEveryMs = 1_000;

const storeFails = 'the event store does not take events, which the journal keeps meanwhile';

/**
 * Follows the journal in its order, gives each event its version, and appends to the store. Every event of
 * the system takes this one way. It begins with what predecessors left unpublished.
 */
export class Publisher implements Sequencer, TailSink {
  private tail: JournalTail | undefined;
  private store: FileEventStore | undefined;
  private readonly maker: EventMaker;
  private readonly waiters = new PublishedWaiters();
  private readonly batch = new EventBatch();
  private readonly queue: EventQueue;
  private readonly outage: Outage;
  private publishedBefore = 0;
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
    const { journal, node, syscallName, logger } = options;
    const clocks = new EpochClocks(options.journalDirectory);
    const epoch = (): number => journal.epoch;
    const onDamaged = (ticket: number): void =>
      logger.error({ ticket }, 'an event in the journal is damaged, and left out');
    const baseMs = (ticket: number): number => clocks.baseMs(ticket);
    this.maker = new EventMaker({ node, syscallName, epoch, baseMs, onDamaged }, this.batch);
    this.checkpoints = new CheckpointWriter(options.journalDirectory, options.logger);
    this.queue = new EventQueue(options.journal);
    this.outage = new Outage(options.logger, storeFails, 'the event store takes events again');
    this.caught = new Promise((resolve) => {
      this.resolveCaught = resolve;
    });
  }

  /** Starts following, once the journal's epoch has begun and the store is open. */
  async start(store: FileEventStore): Promise<void> {
    const { journal, journalDirectory } = this.options;
    const first = journal.firstSegment * recordsPerSegment;
    // Nobody waits for it; and its checks take longer to load than a successor may need to serve.
    const { readCheckpoint } = await import('./read-checkpoint.js');
    const checkpoint = readCheckpoint(journalDirectory);
    this.store = store;
    const isTrue = checkpoint !== undefined && !isAheadOfStore(checkpoint, await store.lastVersions());
    this.isTrusted = isTrue;
    const from = isTrue ? this.restore(checkpoint, first) : await this.recall(store, first);
    this.tail = new JournalTail(journalDirectory, from, first);
    this.publishedBefore = from;
    this.checkpoints.begin(from);
    if (from >= first) await this.reconcile(store);
    this.running = this.follow(this.tail, first, store);
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
    return this.maker.streams.countsOf(delegationId);
  }

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
    await this.running;
    this.tail?.close();
    if (this.running !== undefined) await this.checkpoint(0);
  }

  request(record: RequestRecord, ticket: number): void {
    this.maker.request(record, ticket);
  }

  event(text: string, ticket: number): void {
    this.maker.event(text, ticket);
  }

  /** Where to read on from a checkpoint. One of a journal that is gone may be ahead of this one. */
  private restore(checkpoint: Checkpoint, first: number): number {
    this.maker.restore(checkpoint);
    return Math.min(checkpoint.position, first);
  }

  /** Without a checkpoint: all that the journal still has is read again, and the store knows what it has. */
  private async recall(store: FileEventStore, first: number): Promise<number> {
    const eldest = segmentsIn(this.options.journalDirectory)[0];
    const from = eldest === undefined ? first : Math.min(first, eldest * recordsPerSegment);
    await recallStreams(store, from, this.maker.streams);
    return from;
  }

  private async reconcile(store: FileEventStore): Promise<void> {
    await reconcileStreams(store, this.maker.streams, this.isTrusted);
    this.isReconciled = true;
  }

  private async follow(tail: JournalTail, first: number, store: FileEventStore): Promise<void> {
    for (;;) {
      if (!this.isCaughtUp && this.publishedBefore >= first) {
        if (!this.isReconciled) await this.reconcile(store);
        this.isCaughtUp = true;
        // A successor that is killed soon has not to do it all again.
        if (this.publishedBefore > this.checkpoints.position) await this.checkpoint(0);
        this.resolveCaught(this.maker.streams.list());
      }
      // A batch doesn't reach across the end of what predecessors left.
      const limit = tail.position < first ? Math.min(batchRecords, first - tail.position) : batchRecords;
      const count = tail.read(this, limit);
      if (count > 0) {
        const isEmpty = this.batch.count === 0;
        await this.put(tail);
        this.waiters.resolveBefore(this.publishedBefore);
        await this.checkpoint(checkpointEveryMs);
        // The gaps of predecessors' segments are many, and soon passed over.
        await (isEmpty ? setImmediate() : rest(restMs));
        continue;
      }
      if (this.stopping) return;
      await this.options.journal.counters.announced();
    }
  }

  private async put(tail: JournalTail): Promise<void> {
    const { batch } = this;
    for (;;) {
      try {
        if (batch.count > 0) await this.store?.appendSerialized(batch);
        batch.clear();
        this.publishedBefore = tail.position;
        this.outage.end();
        return;
      } catch (error) {
        this.outage.note(error);
        if (this.stopping) return;
        await rest(retryMs);
      }
    }
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
      // A batch that is not in the store yet has changed what is known already.
      if (this.batch.count > 0) return undefined;
      return this.maker.checkpoint(this.publishedBefore);
    });
  }
}
