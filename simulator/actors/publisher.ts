import type { EventType } from '../../core/events/registry.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { EventDraft, OpenStream } from '../../core/ports/sequencer.js';
import { type Checkpoint, isAheadOfStore } from '../../core/publishing/checkpoint.js';
import { checkpointSchema } from '../../core/publishing/checkpoint-schema.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { EventMaker } from '../../core/publishing/event-maker.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import { PublishedWaiters } from '../../core/publishing/published-waiters.js';
import { reconcileStreams } from '../../core/publishing/reconcile-streams.js';
import type { ModelProcess } from '../kernel/process.js';
import type { ModelEventStore } from '../storage/event-store.js';
import { ModelTail } from '../storage/journal-tail.js';
import type { JournalWriter } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';
import { ModelEventQueue } from './event-queue.js';
import { type ScenePublisher, syscallName } from './scene-publisher.js';

const batchRecords = 128;
const retryUs = 500_000;
const checkpointEveryUs = 1_000_000;

export interface PublisherParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly journal: JournalWriter;
  readonly store: ModelEventStore;
}

/** Follows the journal and appends to the store; what it makes of a record is the real code. */
export class ModelPublisher implements ScenePublisher {
  private made: { readonly batch: EventBatch; readonly maker: EventMaker } | undefined;
  private readonly waiters = new PublishedWaiters();
  private readonly queue: ModelEventQueue;
  private tail: ModelTail | undefined;
  private publishedBefore = 0;
  private checkpointAtUs = 0;
  private isBusy = false;
  private isCaughtUp = false;
  private isTrusted = false;
  private resolveCaught: (streams: readonly OpenStream[]) => void = () => undefined;
  private readonly caught: Promise<readonly OpenStream[]>;

  constructor(private readonly parts: PublisherParts) {
    this.queue = new ModelEventQueue(parts.world, parts.process, parts.journal);
    this.caught = new Promise((resolve) => {
      this.resolveCaught = resolve;
    });
  }

  /** Made when it is needed: most supervisors of a run never publish. */
  private get making(): { readonly batch: EventBatch; readonly maker: EventMaker } {
    const { world, journal, process } = this.parts;
    if (this.made !== undefined) return this.made;
    const batch = new EventBatch();
    const maker = new EventMaker(
      {
        node: 'model',
        syscallName,
        epoch: () => journal.epoch,
        baseMs: () => world.wallClockBaseMs,
        onDamaged: (ticket) => world.watch.noted?.(process.actor, 'damaged-event', { ticket }),
      },
      batch,
    );
    this.made = { batch, maker };
    return this.made;
  }

  /** Starts following, once the epoch has begun. */
  start(): void {
    const { world, journal, store } = this.parts;
    const first = journal.firstSegment * recordsPerSegment;
    const from = this.beginAt(first, store);
    this.tail = new ModelTail(world.disk, from, first);
    this.publishedBefore = from;
    journal.announce = () => this.poke();
    this.poke();
  }

  append<Type extends EventType>(draft: EventDraft<Type>): number {
    const { world } = this.parts;
    const timeMs = Math.round(world.wallClockBaseMs + world.nowUs / 1_000);
    return this.queue.write({ kind: 'draft', timeMs, draft });
  }

  introduce(identity: ListenerIdentity): Promise<unknown> | undefined {
    return this.queue.writeSoon({ kind: 'listener', identity });
  }

  dismiss(key: number): void {
    this.queue.write({ kind: 'gone', key });
  }

  async published(ticket: number): Promise<void> {
    if (ticket >= this.publishedBefore) await this.waiters.wait(ticket);
  }

  caughtUp(): Promise<readonly OpenStream[]> {
    return this.caught;
  }

  countsOf(delegationId: string): Counts {
    return this.making.maker.streams.countsOf(delegationId);
  }

  /** Is everything that was written down in the store? */
  get isIdle(): boolean {
    return this.isCaughtUp && !this.isBusy && this.publishedBefore >= this.parts.journal.nextTicket;
  }

  writeWaiting(): void {
    this.queue.writeWaiting();
  }

  /** A checkpoint, or all that the journal still has with what the store knows of the time before. */
  private beginAt(first: number, store: ModelEventStore): number {
    const { disk } = this.parts.world;
    const checkpoint = readCheckpoint(disk.checkpoint);
    if (checkpoint !== undefined && !isAheadOfStore(checkpoint, store.versionsNow)) {
      this.making.maker.restore(checkpoint);
      this.isTrusted = true;
      return Math.min(checkpoint.position, first);
    }
    const [eldest] = disk.numbers;
    const from = eldest === undefined ? first : Math.min(first, eldest * recordsPerSegment);
    for (const event of store.events) {
      const { sequence = 0 } = event as { readonly sequence?: number };
      if (sequence >= from) break;
      this.making.maker.streams.fold(event);
    }
    return from;
  }

  private poke(): void {
    if (this.isBusy || this.tail === undefined) return;
    this.isBusy = true;
    this.parts.world.later(this.parts.process, 20, 1_000, () => this.turn());
  }

  private turn(): void {
    const { world, journal, process } = this.parts;
    const { tail } = this;
    this.isBusy = false;
    if (tail === undefined) return;
    const first = journal.firstSegment * recordsPerSegment;
    if (!this.isCaughtUp && this.publishedBefore >= first) return this.catchUp();
    const limit = tail.position < first ? Math.min(batchRecords, first - tail.position) : batchRecords;
    world.step(process, 'supervisor', 'publish', null, () => {
      const count = tail.read(this.making.maker, limit);
      if (count === 0) return 0;
      this.isBusy = true;
      if (this.making.batch.count > 0) this.put(tail);
      else this.done(tail);
      return count;
    });
  }

  private put(tail: ModelTail): void {
    const { store, process, world } = this.parts;
    store.append(process, this.making.batch, (error) => {
      if (error === undefined) {
        this.making.batch.clear();
        this.done(tail);
      } else world.scheduler.after(retryUs, process, () => this.put(tail));
    });
  }

  private done(tail: ModelTail): void {
    const { world, process } = this.parts;
    world.step(process, 'supervisor', 'published', null, () => {
      this.publishedBefore = tail.position;
      this.waiters.resolveBefore(this.publishedBefore);
      world.hasMicrotasks = true;
      if (world.nowUs - this.checkpointAtUs >= checkpointEveryUs) this.checkpoint();
      this.isBusy = false;
      this.poke();
      return 0;
    });
  }

  /** All that predecessors left is in the store. */
  private catchUp(): void {
    const { world, store } = this.parts;
    this.isBusy = true;
    world.hasMicrotasks = true;
    world.asyncWork++;
    void reconcileStreams(store, this.making.maker.streams, this.isTrusted).then(() => {
      world.asyncWork--;
      this.isCaughtUp = true;
      this.resolveCaught(this.making.maker.streams.list());
      this.isBusy = false;
      this.poke();
    });
  }

  private checkpoint(): void {
    const { world } = this.parts;
    this.checkpointAtUs = world.nowUs;
    const checkpoint = this.making.maker.checkpoint(this.publishedBefore);
    world.disk.checkpoint = JSON.stringify(checkpoint);
  }
}

function readCheckpoint(text: string | undefined): Checkpoint | undefined {
  if (text === undefined) return undefined;
  const parsed = checkpointSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}
