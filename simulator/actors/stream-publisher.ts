import { deputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import type { EventType } from '../../core/events/registry.js';
import type { Counts } from '../../core/events/vocabulary.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import type { StoredEvent } from '../../core/ports/event-store.js';
import type { EventDraft, OpenStream } from '../../core/ports/sequencer.js';
import type { StreamPort } from '../../core/ports/stream.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { EventMaker } from '../../core/publishing/event-maker.js';
import { JournalFollower } from '../../core/publishing/journal-follower.js';
import type { ListenerIdentity } from '../../core/publishing/listener-identity.js';
import type { PublishTarget } from '../../core/publishing/publish-target.js';
import { findStart } from '../../core/publishing/starting-point.js';
import { allVersions } from '../../core/stream/stored-versions.js';
import { StreamWriter } from '../../core/stream/stream-writer.js';
import { ModelStreamPort } from '../jetstream/stream-port.js';
import type { StreamService } from '../jetstream/stream-service.js';
import type { ModelProcess } from '../kernel/process.js';
import { ModelCheckpoints } from '../storage/checkpoints.js';
import { ModelTail } from '../storage/journal-tail.js';
import type { JournalWriter } from '../storage/journal-writer.js';
import { ModelTimers } from '../world/timers.js';
import type { World } from '../world/world.js';
import { Announcements } from './announcements.js';
import { ModelEventQueue } from './event-queue.js';
import { type ScenePublisher, syscallName } from './scene-publisher.js';

const node = 'model';
/** An agent whose server is away when it starts looks for it this often. */
const retryMs = 500;
const decoder = new TextDecoder();

export interface StreamPublisherParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly journal: JournalWriter;
  readonly service: StreamService;
  /** For mutations: what is between. */
  readonly mutate: (port: StreamPort) => StreamPort;
}

/** A supervisor's publisher to a stream: the real follower, writer and pipeline, on modelled ports. */
export class StreamPublisher implements ScenePublisher {
  private readonly queue: ModelEventQueue;
  private readonly announcements: Announcements;
  private readonly timers: ModelTimers;
  private readonly follower: JournalFollower;
  private isCaughtUp = false;

  constructor(private readonly parts: StreamPublisherParts) {
    const { world, process, journal } = parts;
    this.queue = new ModelEventQueue(world, process, journal);
    this.announcements = new Announcements(world, process);
    this.timers = new ModelTimers(world, process);
    const checkpoints = new ModelCheckpoints(world, process);
    this.follower = new JournalFollower({
      first: () => this.first,
      openTail: (from, first) => this.openTail(from, first),
      newMaker: () => this.newMaker(),
      findStart: (target, known) => findStart(target, this.journalLeft(checkpoints), known),
      checkpoints,
      outage: {
        note: (error) => world.watch.noted?.(process.actor, 'store-fails', { error: String(error) }),
        end: () => undefined,
      },
      timers: this.timers,
      announced: () => this.announcements.next(),
      announce: () => this.announcements.announce(),
      tick: () => this.queue.write({ kind: 'tick', timeMs: this.wallClockMs }),
    });
    void this.follower.caughtUp().then(() => {
      this.isCaughtUp = true;
    });
  }

  start(): void {
    this.parts.journal.announce = () => this.announcements.announce();
    this.tryStart();
  }

  append<Type extends EventType>(draft: EventDraft<Type>): number {
    return this.queue.write({ kind: 'draft', timeMs: this.wallClockMs, draft });
  }

  introduce(identity: ListenerIdentity): Promise<unknown> | undefined {
    return this.queue.writeSoon({ kind: 'listener', identity });
  }

  dismiss(key: number): void {
    this.queue.write({ kind: 'gone', key });
  }

  published(ticket: number): Promise<void> {
    return this.follower.published(ticket);
  }

  caughtUp(): Promise<readonly OpenStream[]> {
    return this.follower.caughtUp();
  }

  countsOf(delegationId: string): Counts {
    return this.follower.countsOf(delegationId);
  }

  writeWaiting(): void {
    this.queue.writeWaiting();
  }

  get isIdle(): boolean {
    const { journal } = this.parts;
    return this.isCaughtUp && this.queue.isEmpty && this.follower.position >= journal.nextTicket;
  }

  private get first(): number {
    return this.parts.journal.firstSegment * recordsPerSegment;
  }

  private get wallClockMs(): number {
    const { world } = this.parts;
    return Math.round(world.wallClockBaseMs + world.nowUs / 1_000);
  }

  /** The connection is made, and made again while there is no server. */
  private tryStart(): void {
    const { world, process, service, journal, mutate } = this.parts;
    const port = new ModelStreamPort(world, process, service);
    const writer = new StreamWriter({
      port: mutate(port),
      timers: this.timers,
      node,
      writer: { id: node, epoch: journal.epoch },
      adopt: service.setup.adopt ?? false,
      onState: (state, error) =>
        world.watch.noted?.(process.actor, 'stream-state', { state, code: error?.code ?? null }),
    });
    this.follower.start(targetOf(writer, port)).catch((error: unknown) => {
      world.watch.noted?.(process.actor, 'store-fails', { error: String(error) });
      writer.close(deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the store could not be opened' }));
      this.timers.after(retryMs, () => this.tryStart());
    });
  }

  private openTail(from: number, first: number) {
    const { world, process } = this.parts;
    const tail = new ModelTail(world.disk, from, first);
    return {
      get position() {
        return tail.position;
      },
      read: (sink: Parameters<ModelTail['read']>[0], limit: number) =>
        world.stepAtOnce(process, 'supervisor', 'publish', null, () => tail.read(sink, limit)) ?? 0,
      close: () => undefined,
    };
  }

  private journalLeft(checkpoints: ModelCheckpoints) {
    const [eldest = 0] = this.parts.world.disk.numbers;
    // A journal that is gone begins behind what it had, as one whose beginning was let go.
    return { checkpoints: checkpoints.read(), eldest: eldest * recordsPerSegment, isWhole: eldest <= 1 };
  }

  private newMaker(): EventMaker {
    const { world, journal, process } = this.parts;
    const options = {
      node,
      syscallName,
      epoch: () => journal.epoch,
      baseMs: () => world.wallClockBaseMs,
      onDamaged: (ticket: number) => world.watch.noted?.(process.actor, 'damaged-event', { ticket }),
    };
    return new EventMaker(options, new EventBatch());
  }
}

/** The writing half with what a reader of the same stream sees. */
function targetOf(writer: StreamWriter, port: ModelStreamPort): PublishTarget {
  async function* readAll(): AsyncGenerator<StoredEvent> {
    for await (const { sequence, payload } of port.each(await port.payloads())) {
      if (payload.length === 0) continue;
      const event = JSON.parse(decoder.decode(payload)) as DeputyEvent;
      yield { position: sequence, streamId: event.delegationId, event };
    }
  }
  async function* readStream(streamId: string): AsyncGenerator<StoredEvent> {
    for await (const stored of readAll()) if (stored.streamId === streamId) yield stored;
  }
  return {
    batchesInFlight: writer.batchesInFlight,
    get cursor() {
      return writer.cursor;
    },
    appendBatch: (batch) => writer.appendBatch(batch),
    goOnFrom: (checkpoint, isLast) => writer.goOnFrom(checkpoint, isLast),
    readAll,
    readStream,
    lastVersions: () => allVersions(port),
  };
}
