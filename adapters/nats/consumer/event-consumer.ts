import { headers, type JsMsg, type NatsConnection } from 'nats';
import { deliveriesOf } from '../../../core/consuming/deliveries.js';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { headerValue } from '../../../core/events/cloud-event.js';
import type { EventType } from '../../../core/events/event-versions.js';
import { streamName } from '../../../core/events/subject.js';
import type { Delivery } from '../../../core/ports/consuming.js';
import { connectNats, natsError } from '../connect.js';
import { isMissingStream } from '../ensure-stream.js';
import { readMessages } from '../read-messages.js';
import { scopedFilter } from '../scoped-filter.js';
import { JetStreamMessage } from './consumed-message.js';
import { durableMessages, ensureDurable } from './durable-messages.js';
import type { ConsumerOptions, EventKind, TypesOf } from './options.js';

const defaultDeliveries = 5;

/** Events as they come, each validated and brought to the version of its type that is known here. */
export interface EventConsumer<Type extends EventType> extends AsyncIterable<Delivery<Type>> {
  /** Ends the iteration, and the connection. */
  close(): Promise<void>;
}

/**
 * Opens a consumer of deputy's events. Works on any system, without the engine. Throws
 * DEPUTY_E_NATS_UNAVAILABLE, DEPUTY_E_NATS_REFUSED, DEPUTY_E_STREAM_MISSING, DEPUTY_E_CONSUMER_DIFFERS.
 */
export async function openConsumer<const Wanted extends EventType | EventKind = EventType>(
  options: ConsumerOptions<Wanted>,
): Promise<EventConsumer<TypesOf<Wanted>>> {
  const stream = options.stream ?? (options.node === undefined ? undefined : streamName(options.node));
  if (stream === undefined) throw deputyError('DEPUTY_E_USAGE', { detail: 'a node or a stream is needed' });
  if (options.durable !== undefined && !/^[\w=-]{1,128}$/.test(options.durable)) {
    throw deputyError('DEPUTY_E_USAGE', { detail: 'a durable name has letters, digits, _ = and - only' });
  }
  const connection = await connectNats(options, 'deputy consumer');
  try {
    return await StreamConsumer.open(connection, stream, options);
  } catch (error) {
    await connection.close();
    if (isMissingStream(error)) throw deputyError('DEPUTY_E_STREAM_MISSING', { stream }, error);
    throw isDeputyError(error) ? error : natsError(options, error);
  }
}

class StreamConsumer<Type extends EventType> implements EventConsumer<Type> {
  private readonly stop = new AbortController();

  private constructor(
    private readonly connection: NatsConnection,
    private readonly stream: string,
    private readonly options: ConsumerOptions<EventType | EventKind>,
    private readonly messages: (signal: AbortSignal) => AsyncIterable<JsMsg>,
  ) {}

  static async open<Wanted extends EventType | EventKind>(
    connection: NatsConnection,
    stream: string,
    options: ConsumerOptions<Wanted>,
  ): Promise<StreamConsumer<TypesOf<Wanted>>> {
    const manager = await connection.jetstreamManager({ checkAPI: false });
    const { state, config } = await manager.streams.info(stream);
    const filter = scopedFilter(config, options);
    if (options.durable === undefined) {
      const { from = 'start' } = options;
      const first = from === 'new' ? state.last_seq + 1 : sequenceOf(from);
      const start = typeof from === 'object' && 'time' in from ? { since: from.time } : {};
      return new StreamConsumer(connection, stream, options, (signal) =>
        readMessages(connection, { stream, from: first, filter, follow: true, signal, ...start }),
      );
    }
    const parts = { connection, manager, stream, name: options.durable, filter, options };
    const isAggregate = config.sources !== undefined && config.sources.length > 0;
    await ensureDurable({ ...parts, signal: new AbortController().signal }, isAggregate);
    return new StreamConsumer(connection, stream, options, (signal) =>
      durableMessages({ ...parts, signal }, isAggregate),
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery<Type>> {
    const { durable, deliveries = defaultDeliveries } = this.options;
    const bury = ({ message }: JetStreamMessage, reason: string): void => this.bury(message, reason);
    const rules = { isDurable: durable !== undefined, deliveries, bury };
    yield* deliveriesOf(this.consumed(), rules) as AsyncGenerator<Delivery<Type>>;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.connection.close();
  }

  private async *consumed(): AsyncGenerator<JetStreamMessage> {
    for await (const message of this.messages(this.stop.signal)) yield new JetStreamMessage(message);
  }

  /** Poison would come again and again: it goes where somebody can look at it, and the rest goes on. */
  private bury(message: JsMsg, reason: string): void {
    const { durable, onDeadLetter } = this.options;
    onDeadLetter?.(reason, message.seq);
    if (durable === undefined) return;
    const subject = this.options.deadLetterSubject ?? `deputy.dead.${this.stream}.${durable}`;
    const about = headers();
    for (const [name, values] of message.headers ?? []) {
      if (!name.startsWith('Nats-')) for (const value of values) about.append(name, value);
    }
    about.set('deputy-reason', headerValue(reason.slice(0, 500)));
    about.set('deputy-stream', this.stream);
    about.set('deputy-sequence', `${message.seq}`);
    about.set('deputy-subject', message.subject);
    this.connection.publish(subject, message.data, { headers: about });
    message.term(reason.replace(/[^\x20-\x7e]/g, ' ').slice(0, 100));
  }
}

function sequenceOf(from: ConsumerOptions['from']): number {
  return typeof from === 'object' && 'sequence' in from ? from.sequence : 1;
}
