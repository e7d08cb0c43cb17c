import type { DeputyError } from '../../core/errors/deputy-error.js';
import type { EventType } from '../../core/events/event-versions.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { EventDraft, OpenStream, Sequencer } from '../../core/ports/sequencer.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { EventMaker } from '../../core/publishing/event-maker.js';
import type { Payload } from '../../core/publishing/event-payload.js';
import { JournalFollower } from '../../core/publishing/journal-follower.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import type { PublishedStore, StoreState } from '../../core/publishing/published-store.js';
import type { FileEventStore } from '../event-store/file-event-store.js';
import { timers } from '../host/timers.js';
import { EpochClocks } from '../journal/epoch-clocks.js';
import { JournalTail } from '../journal/journal-tail.js';
import { Outage } from '../logging/outage.js';
import { CheckpointWriter } from './checkpoint-writer.js';
import { EventQueue } from './event-queue.js';
import { targetOf } from './publish-target.js';
import type { PublisherOptions } from './publisher-options.js';
import { startIn } from './starting-point.js';

const storeFails = 'the event store does not take events, which the journal keeps meanwhile';

/**
 * Writes events into the journal, and publishes what the journal has (JournalFollower says how). Every event
 * of the system takes this one way.
 */
export class Publisher implements Sequencer {
  private readonly follower: JournalFollower;
  private readonly queue: EventQueue;
  private readonly outage: Outage;
  private readonly clocks: EpochClocks;

  constructor(private readonly options: PublisherOptions) {
    const { journal, journalDirectory, logger } = options;
    this.clocks = new EpochClocks(journalDirectory);
    this.queue = new EventQueue(journal);
    this.outage = new Outage(logger, storeFails, 'the event store takes events again');
    this.follower = new JournalFollower({
      first: () => journal.firstSegment * recordsPerSegment,
      openTail: (from, first) => new JournalTail(journalDirectory, from, first),
      newMaker: () => this.newMaker(),
      findStart: (target, known) => startIn(target, journalDirectory, known),
      checkpoints: new CheckpointWriter(journalDirectory, logger),
      outage: this.outage,
      timers,
      announced: () => journal.counters.announced(),
      announce: () => journal.counters.announce(),
      tick: () => {
        this.queue.append(JSON.stringify({ kind: 'tick', timeMs: Date.now() } satisfies Payload));
      },
    });
  }

  /** Starts following, once the journal's epoch has begun and the store is open. */
  start(store: FileEventStore | PublishedStore): Promise<void> {
    return this.follower.start(targetOf(store));
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
    await this.follower.published(await this.queue.written(given));
  }

  caughtUp(): Promise<readonly OpenStream[]> {
    return this.follower.caughtUp();
  }

  countsOf(delegationId: string): Counts {
    return this.follower.countsOf(delegationId);
  }

  /** The first ticket that a successor would read: all before it can be let go. */
  get position(): number {
    return this.follower.keptFrom;
  }

  /** Publishes what is committed and stops. */
  async stop(): Promise<void> {
    const events = this.queue.writeWaiting();
    if (events > 0) this.options.logger.error({ events }, 'there is no room to write events; they end here');
    await this.follower.stop();
  }

  /** For whoever tends the disk; see JournalFollower. */
  keepCheckpoint(): Promise<void> {
    return this.follower.keepCheckpoint();
  }

  private newMaker(): EventMaker {
    const { journal, node, syscallName, logger } = this.options;
    const epoch = (): number => journal.epoch;
    const onDamaged = (ticket: number): void =>
      logger.error({ ticket }, 'an event in the journal is damaged, and left out');
    const baseMs = (ticket: number): number => this.clocks.baseMs(ticket);
    return new EventMaker({ node, syscallName, epoch, baseMs, onDamaged }, new EventBatch());
  }
}
