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
import { connectNats, natsError, serversText } from './connect.js';
import { ensureStream } from './ensure-stream.js';
import { Envelopes } from './envelopes.js';
import { Pipeline } from './pipeline.js';
import { pipelineStart } from './pipeline-start.js';
import type { NatsSettings, StreamSettings } from './settings.js';
import { allVersions, type Writer } from './stored-versions.js';
import { lastVersionOf, StreamReader } from './stream-reader.js';

/** Batches of the publisher's that may be on their way: enough for a window, and little to send again. */
const batchesInFlight = 8;
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

/** An event store in a stream of a NATS server. Has one writer; see Pipeline for how it appends. */
export class JetStreamEventStore implements PublishedStore {
  readonly batchesInFlight = batchesInFlight;
  private readonly pipeline: Pipeline;
  private readonly reader: StreamReader;
  private readonly envelopes: Envelopes;
  private readonly stream: string;
  private begun: Promise<boolean> | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private closed: DeputyError | undefined;

  constructor(
    private readonly options: JetStreamOptions,
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    const { node, writer, onState = () => undefined } = options;
    this.stream = streamName(node);
    const servers = serversText(options);
    this.pipeline = new Pipeline({ connection, manager, stream: this.stream, servers, writer, onState });
    this.envelopes = new Envelopes(node, writer);
    this.reader = new StreamReader(connection, manager, node);
  }

  get state(): StoreState {
    return this.pipeline.state;
  }

  get cursor(): StoreCursor {
    return this.pipeline.cursor;
  }

  goOnFrom(checkpoint: Checkpoint | undefined, isLast: boolean): Promise<boolean> {
    const { connection, manager, options } = this;
    this.begun = (async () => {
      const info = await ensureStream(manager, options.node, options.stream ?? {});
      const parts = { connection, manager, writer: options.writer, adopt: options.adopt === true };
      const start = await pipelineStart(parts, info, checkpoint?.cursor, isLast);
      this.sayLoss(checkpoint?.cursor, start?.sequence ?? info.state.last_seq);
      if (start === undefined) return false;
      await this.pipeline.start(start);
      return true;
    })().catch((error: unknown) => {
      this.begun = undefined;
      throw isDeputyError(error) ? error : natsError(options, error);
    });
    return this.begun;
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

  async appendBatch(batch: EventBatch): Promise<{ readonly appended: number; readonly duplicates: number }> {
    this.assertOpen();
    await (this.begun ?? this.goOnFrom(undefined, true));
    this.assertOpen();
    return new Promise((resolve, reject) => {
      this.pipeline.push(this.envelopes.of(batch, resolve, reject));
    });
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
    return allVersions(this.connection, this.stream);
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    this.closed = deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the event store is closed' });
    this.pipeline.close(this.closed);
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

  /** The stream is not as it was left: what became of it is for somebody to look at. */
  private sayLoss(cursor: StoreCursor | undefined, sequence: number): void {
    const { stream } = this;
    if (cursor === undefined || cursor.stream !== stream || cursor.sequence === sequence) return;
    const detail = `it ends at ${sequence}, and had ${cursor.sequence}; the journal is published again`;
    this.options.onState?.('behind', deputyError('DEPUTY_E_STREAM_WENT_BACKWARDS', { stream, detail }));
  }

  private assertOpen(): void {
    if (this.closed !== undefined) throw this.closed;
  }
}
