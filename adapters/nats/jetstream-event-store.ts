import type { JetStreamManager, NatsConnection } from 'nats';
import { type DeputyError, deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import { streamName } from '../../core/events/subject.js';
import { maximumPayloadBytes } from '../../core/journal/segment-layout.js';
import {
  ANY_VERSION,
  type AppendResult,
  type ExpectedVersion,
  FROM_END,
  type StoredEvent,
} from '../../core/ports/event-store.js';
import type { Checkpoint, StoreCursor } from '../../core/publishing/checkpoint.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import type { PublishedStore, StoreState } from '../../core/publishing/published-store.js';
import { planAppend } from '../../core/stores/plan-append.js';
import { allVersions, type Writer } from '../../core/stream/stored-versions.js';
import { StreamWriter } from '../../core/stream/stream-writer.js';
import { timers } from '../host/timers.js';
import { connectNats, natsError } from './connect.js';
import { ensureStream } from './ensure-stream.js';
import { JetStreamPort } from './jetstream-port.js';
import type { NatsSettings, StreamSettings } from './settings.js';
import { lastVersionOf, StreamReader } from './stream-reader.js';

/** What an event has around a payload from the journal, and its headers. */
const roomAroundPayload = 8 * 1024;

/** How a node's stream is opened as an event store. */
export interface JetStreamOptions extends NatsSettings {
  readonly node: string;
  readonly writer: Writer;
  readonly stream?: StreamSettings;
  /** Goes on in a stream of a state directory that is lost. */
  readonly adopt?: boolean;
  /** Said when the store's state changes, and with each new reason. */
  readonly onState?: (state: StoreState, error?: DeputyError) => void;
}

/**
 * Connects, makes or checks the node's stream, and opens it. Throws DEPUTY_E_NATS_UNAVAILABLE,
 * DEPUTY_E_NATS_REFUSED, DEPUTY_E_NATS_PAYLOAD_LIMIT, DEPUTY_E_STREAM_DIFFERS.
 */
export async function openJetStreamStore(options: JetStreamOptions): Promise<JetStreamEventStore> {
  const connection = await connectNats(options, `deputy ${options.node}`);
  try {
    const limit = connection.info?.max_payload ?? 0;
    const needed = maximumPayloadBytes + roomAroundPayload;
    if (limit < needed) throw deputyError('DEPUTY_E_NATS_PAYLOAD_LIMIT', { limit, needed });
    const manager = await connection.jetstreamManager({ checkAPI: false });
    await ensureStream(manager, options.node, options.stream ?? {});
    return new JetStreamEventStore(options, connection, manager);
  } catch (error) {
    await connection.close();
    throw isDeputyError(error) ? error : natsError(options, error);
  }
}

/** An event store in a stream of a NATS server. Has one writer; see StreamWriter for how it appends. */
export class JetStreamEventStore implements PublishedStore {
  private readonly port: JetStreamPort;
  private readonly writer: StreamWriter;
  private readonly reader: StreamReader;
  private readonly stream: string;
  private turn: Promise<unknown> = Promise.resolve();
  private closed: DeputyError | undefined;

  constructor(
    private readonly options: JetStreamOptions,
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    const { node, writer, adopt = false, onState = () => undefined } = options;
    this.stream = streamName(node);
    this.port = new JetStreamPort(options, connection, manager);
    this.writer = new StreamWriter({ port: this.port, timers, node, writer, adopt, onState });
    this.reader = new StreamReader(connection, manager, node);
  }

  get batchesInFlight(): number {
    return this.writer.batchesInFlight;
  }

  get state(): StoreState {
    return this.writer.state;
  }

  get cursor(): StoreCursor {
    return this.writer.cursor;
  }

  goOnFrom(checkpoint: Checkpoint | undefined, isLast: boolean): Promise<boolean> {
    return this.coded(this.writer.goOnFrom(checkpoint, isLast));
  }

  async append(
    streamId: string,
    events: readonly DeputyEvent[],
    options: { readonly expectedVersion?: ExpectedVersion } = {},
  ): Promise<AppendResult> {
    // The next one decides on what this one has stored.
    const appended = this.turn.then(() =>
      this.appendNow(streamId, events, options.expectedVersion ?? ANY_VERSION),
    );
    this.turn = appended.catch(() => undefined);
    return appended;
  }

  appendBatch(batch: EventBatch): Promise<{ readonly appended: number; readonly duplicates: number }> {
    return this.coded(this.writer.appendBatch(batch));
  }

  async *readStream(
    streamId: string,
    options: { readonly fromVersion?: number } = {},
  ): AsyncGenerator<StoredEvent> {
    this.assertOpen();
    const { fromVersion = 1 } = options;
    for await (const stored of this.reader.read(1, { delegationId: streamId })) {
      if (stored.streamId === streamId && stored.event.version >= fromVersion) yield stored;
    }
  }

  async *readAll(options: { readonly fromPosition?: number } = {}): AsyncGenerator<StoredEvent> {
    this.assertOpen();
    yield* this.reader.read(options.fromPosition ?? 1);
  }

  async *subscribe(
    options: { readonly fromPosition?: number | typeof FROM_END; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredEvent> {
    this.assertOpen();
    const { fromPosition = 1, signal } = options;
    yield* this.reader.follow(fromPosition === FROM_END ? 'new' : fromPosition, signal);
  }

  async lastVersions(): Promise<ReadonlyMap<string, number>> {
    this.assertOpen();
    return allVersions(this.port);
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.closed = deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the event store is closed' });
    this.writer.close(this.closed);
    this.reader.close();
    await this.connection.close();
  }

  private async appendNow(
    streamId: string,
    events: readonly DeputyEvent[],
    expected: ExpectedVersion,
  ): Promise<AppendResult> {
    this.assertOpen();
    const last = await lastVersionOf(this.manager, this.options.node, streamId);
    const { state } = await this.manager.streams.info(this.stream);
    const fresh = planAppend(streamId, last, events, expected, state.first_seq <= 1);
    const lastVersion = fresh.at(-1)?.version ?? last;
    if (fresh.length > 0) {
      const batch = new EventBatch();
      for (const event of fresh) batch.addText(event, JSON.stringify(event));
      await this.appendBatch(batch);
    }
    return { lastVersion, appended: fresh.length, duplicates: events.length - fresh.length };
  }

  private coded<T>(done: Promise<T>): Promise<T> {
    return done.catch((error: unknown) => {
      throw isDeputyError(error) ? error : natsError(this.options, error);
    });
  }

  private assertOpen(): void {
    if (this.closed !== undefined) throw this.closed;
  }
}
