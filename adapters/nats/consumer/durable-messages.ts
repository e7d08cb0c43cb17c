import { setTimeout as rest } from 'node:timers/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  nanos,
} from 'nats';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { matchesFilter } from '../../../core/events/subject.js';
import { isApiError } from '../api-error.js';
import { isMissingStream } from '../ensure-stream.js';
import { isUnfilterable } from '../scoped-filter.js';
import { StreamRenewal } from '../stream-renewal.js';
import type { ConsumerOptions } from './options.js';

/** Messages that are asked for ahead. */
const messagesAhead = 100;
const pullMs = 10_000;
const retryMs = 500;
/** "consumer not found", as the server says it. */
const notFound = 10014;

/** What a durable consumer is made of. */
export interface DurableParts {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  readonly name: string;
  readonly filter: string;
  readonly signal: AbortSignal;
  readonly options: Pick<ConsumerOptions, 'from' | 'acknowledgeWithinMs' | 'unacknowledged'>;
}

function isMissingConsumer(error: unknown): boolean {
  return isApiError(error, notFound);
}

/** Makes the durable consumer, or finds it. Throws DEPUTY_E_CONSUMER_DIFFERS. */
export async function ensureDurable(parts: DurableParts, isAggregate: boolean): Promise<void> {
  const { manager, stream, name, filter, options } = parts;
  const found = await manager.consumers.info(stream, name).catch((error: unknown) => {
    if (isMissingConsumer(error)) return undefined;
    throw error;
  });
  if (found === undefined) {
    const { filter_subject: _, ...unfiltered } = configuration(name, filter, options);
    await manager.consumers.add(stream, configuration(name, filter, options)).catch((error: unknown) => {
      if (!isUnfilterable(error)) throw error;
      return manager.consumers.add(stream, unfiltered);
    });
    return;
  }
  const actual = found.config.filter_subject || '>';
  if (actual === filter || (actual === '>' && isAggregate)) return;
  const detail = `it has ${actual}, wanted is ${filter}`;
  throw deputyError('DEPUTY_E_CONSUMER_DIFFERS', { name, stream, detail });
}

/** Messages of a durable consumer, over reconnections, a few at a time. */
export async function* durableMessages(parts: DurableParts, isAggregate: boolean): AsyncGenerator<JsMsg> {
  const { connection, manager, stream, name, signal } = parts;
  const renewal = new StreamRenewal(manager, stream);
  let wanted: DurableParts | undefined;
  const { unacknowledged = 256 } = parts.options;
  const isOver = (): boolean => signal.aborted || connection.isClosed();
  while (!isOver()) {
    try {
      // It went with its stream: all that the new one has is new.
      if (await renewal.happened()) wanted = { ...parts, options: { ...parts.options, from: 'start' } };
      if (wanted !== undefined) await ensureDurable(wanted, isAggregate);
      wanted = undefined;
      const info = await manager.consumers.info(stream, name);
      const consumer = connection.jetstream().consumers.getPullConsumerFor(info);
      const messages = await consumer.consume({
        max_messages: Math.min(unacknowledged, messagesAhead),
        expires: pullMs,
        abort_on_missing_resource: true,
      });
      const stop = (): void => messages.stop();
      signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const message of messages) {
          if (matchesFilter(parts.filter, message.subject)) yield message;
          else message.ack();
        }
      } finally {
        signal.removeEventListener('abort', stop);
        messages.stop();
      }
    } catch (error) {
      if (isOver()) return;
      if (isDeputyError(error) || isMissingStream(error)) throw error;
      // Somebody removed it: whoever was to be told of each event still is.
      if (isMissingConsumer(error)) wanted ??= parts;
      await rest(retryMs);
    }
  }
}

function configuration(
  name: string,
  filter: string,
  { from = 'start', acknowledgeWithinMs = 30_000, unacknowledged = 256 }: DurableParts['options'],
): Partial<ConsumerConfig> {
  return {
    durable_name: name,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(acknowledgeWithinMs),
    max_ack_pending: unacknowledged,
    ...startOf(from),
  };
}

function startOf(from: NonNullable<ConsumerOptions['from']>): Partial<ConsumerConfig> {
  if (from === 'start') return { deliver_policy: DeliverPolicy.All };
  if (from === 'new') return { deliver_policy: DeliverPolicy.New };
  if ('sequence' in from)
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: from.sequence };
  return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.time.toISOString() };
}
