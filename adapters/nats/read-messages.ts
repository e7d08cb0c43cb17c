import { setTimeout as rest } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  nanos,
  nuid,
} from 'nats';
import { matchesFilter } from '../../core/events/subject.js';
import { isMissingStream } from './ensure-stream.js';
import { isUnfilterable } from './scoped-filter.js';
import { StreamRenewal } from './stream-renewal.js';

/** Messages that are asked for ahead: what a slow reader has in memory at most. */
const messagesAhead = 500;
const pullMs = 10_000;
const idleLookMs = 2_000;
/** So many looks that fail in a row: whoever had the reader is gone, and nothing will ever come of it. */
const looksUntilLost = 3;
/** One that follows has time. */
const followLookMs = 10_000;
const retryMs = 500;
/** The server drops a reader that asked for nothing this long. */
const inactiveMs = 60_000;

/** What is read of a stream. */
export interface ReadOptions {
  readonly stream: string;
  /** The first sequence; 'new' for what comes from now on. */
  readonly from: number | 'new';
  /** Only what was stored since then; stands before `from`, until something was read. */
  readonly since?: Date;
  readonly filter?: string;
  readonly headersOnly?: boolean;
  /** Only the last message of each subject. */
  readonly lastPerSubject?: boolean;
  /** Goes on with what comes, over reconnections, until the signal aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Called when the reader stands: what is stored from now on will be read. */
  readonly onStanding?: () => void;
}

/** Reads a stream in its order, to its end as it is now or on and on, in bounded memory. */
export async function* readMessages(
  connection: NatsConnection,
  options: ReadOptions,
): AsyncGenerator<JsMsg, void> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  let { from } = options;
  const renewal = new StreamRenewal(manager, options.stream);
  const isOver = (): boolean => options.signal?.aborted === true || connection.isClosed();
  while (!isOver()) {
    const reader = new MessageReader(connection, manager, options);
    try {
      // Its numbers begin anew, too, and all that it has is new.
      if (options.follow && (await renewal.happened())) from = 1;
      for await (const message of reader.read(from)) {
        from = message.seq + 1;
        yield message;
        if (isOver()) return;
      }
      if (!options.follow) return;
    } catch (error) {
      if (isOver()) return;
      if (!options.follow || isMissingStream(error)) throw error;
      await rest(retryMs);
    } finally {
      // What comes before another reader stands is new, too.
      if (from === 'new') from = reader.firstSequence ?? from;
      await reader.remove();
    }
  }
}

/** One consumer of the server's, from its making until it fails. */
class MessageReader {
  private info: ConsumerInfo | undefined;
  /** What the server can't filter by. */
  private picks: string | undefined;
  private failedLooks = 0;
  private isLooking = false;
  private lost: unknown;

  constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly options: ReadOptions,
  ) {}

  /** Where it began, as the server decided; undefined until it stands. */
  get firstSequence(): number | undefined {
    const { delivered } = this.info ?? {};
    return delivered && delivered.stream_seq + 1;
  }

  async *read(from: number | 'new'): AsyncGenerator<JsMsg> {
    const { follow, signal } = this.options;
    const info = await this.add(from);
    this.info = info;
    this.options.onStanding?.();
    let remaining = follow ? Number.POSITIVE_INFINITY : info.num_pending;
    if (remaining === 0 || signal?.aborted) return;
    const messages = await this.consume(info);
    const stop = (): void => messages.stop();
    signal?.addEventListener('abort', stop, { once: true });
    const watch = setInterval(() => void this.look(info, messages), follow ? followLookMs : idleLookMs);
    try {
      for await (const message of messages) {
        if (this.picks === undefined || matchesFilter(this.picks, message.subject)) yield message;
        if (--remaining === 0) return;
      }
      if (this.lost !== undefined) throw this.lost;
    } finally {
      clearInterval(watch);
      signal?.removeEventListener('abort', stop);
      messages.stop();
    }
  }

  private consume(info: ConsumerInfo): Promise<ConsumerMessages> {
    const consumer = this.connection.jetstream().consumers.getPullConsumerFor(info);
    return consumer.consume({
      max_messages: messagesAhead,
      expires: pullMs,
      // A server that was restarted has forgotten it: another one is made.
      abort_on_missing_resource: true,
    });
  }

  /**
   * What was to be read may have been taken by age meanwhile, so that the last message never comes. A reader
   * is in one server's memory, also in a cluster: when that one dies others lead the stream, and nobody says
   * that the reader is gone.
   */
  private async look({ stream_name: stream, name }: ConsumerInfo, messages: ConsumerMessages): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const { num_pending: pending } = await this.manager.consumers.info(stream, name);
      this.failedLooks = 0;
      if (!this.options.follow && pending === 0 && messages.getPending() === 0) messages.stop();
    } catch (error) {
      if (++this.failedLooks < looksUntilLost) return;
      this.lost = error;
      messages.stop();
    } finally {
      this.isLooking = false;
    }
  }

  private async add(from: number | 'new'): Promise<ConsumerInfo> {
    const { stream } = this.options;
    const config = this.config(from);
    try {
      return await this.manager.consumers.add(stream, config);
    } catch (error) {
      const { filter_subject: filter, ...rest } = config;
      if (filter === undefined || !isUnfilterable(error)) throw error;
      this.picks = filter;
      return this.manager.consumers.add(stream, rest);
    }
  }

  async remove(): Promise<void> {
    const { info } = this;
    if (info === undefined || this.connection.isClosed()) return;
    this.manager.consumers.delete(info.stream_name, info.name).catch(() => undefined);
  }

  private config(from: number | 'new'): Partial<ConsumerConfig> {
    const { filter, headersOnly, lastPerSubject, since } = this.options;
    const isNew = from === 'new';
    const isFirst = from === this.options.from;
    const start = {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: isNew ? 1 : Math.max(1, from),
    };
    return {
      name: `deputy-${nuid.next()}`,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(inactiveMs),
      mem_storage: true,
      num_replicas: 1,
      ...(isNew ? { deliver_policy: DeliverPolicy.New } : start),
      ...(since !== undefined && isFirst ? sinceTime(since) : {}),
      ...(lastPerSubject ? { deliver_policy: DeliverPolicy.LastPerSubject, opt_start_seq: undefined } : {}),
      ...(lastPerSubject || filter ? { filter_subject: filter ?? '>' } : {}),
      ...(headersOnly ? { headers_only: true } : {}),
    } as Partial<ConsumerConfig>;
  }
}

function sinceTime(since: Date) {
  return {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_seq: undefined,
    opt_start_time: since.toISOString(),
  };
}
