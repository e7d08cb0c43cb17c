import { join } from 'node:path';
import { DeliverPolicy, type JsMsg, NatsError } from 'nats';
import { expect } from 'vitest';
import { JournalTail } from '../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../adapters/journal/last-segment.js';
import type { DeputyEvent } from '../../../core/events/event.js';
import { streamName } from '../../../core/events/subject.js';
import { recordsPerSegment } from '../../../core/journal/segment-layout.js';
import type { LabNatsServer } from '../../lab/nats-server.js';
import { asOperator } from './stream.js';

/** What the journal has of requests, by their place in its order. */
export function journaledTickets(stateDirectory: string): number[] {
  const directory = join(stateDirectory, 'journal');
  const segments = segmentsIn(directory);
  const first = (segments[0] ?? 0) * recordsPerSegment;
  const end = ((segments.at(-1) ?? 0) + 1) * recordsPerSegment;
  const tail = new JournalTail(directory, first, end);
  const tickets: number[] = [];
  const sink = { request: (_: unknown, ticket: number) => void tickets.push(ticket), event: () => {} };
  while (tail.position < end && tail.read(sink, 512) > 0);
  tail.close();
  return tickets;
}

/**
 * Resolves when the stream has all that the journal has: an agent that is stopped before that, or that had not yet
 * begun to publish, leaves the rest to the next one.
 */
export async function untilPublished(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  stateDirectory: string,
): Promise<void> {
  const last = journaledTickets(stateDirectory).at(-1) ?? 0;
  const published = (): Promise<number> =>
    asOperator(server, async (manager) => {
      const { state } = await manager.streams.info(streamName(node));
      if (state.messages === 0) return -1;
      const message = await manager.streams.getMessage(streamName(node), { seq: state.last_seq });
      return message.json<{ sequence: number }>().sequence;
    });
  await expect.poll(published, { timeout: 60_000, interval: 500 }).toBeGreaterThanOrEqual(last);
}

/** A reader that gets nothing for so long begins anew: the server that it was at may have been killed. */
const silentMs = 10_000;
const attempts = 100;

/** Every message of a node's stream, in its order, by way of nothing but the client. */
export async function readStream(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  take: (message: JsMsg) => void,
): Promise<void> {
  let next = 1;
  for (let attempt = 1; ; attempt++) {
    const read = readFrom(server, node, next, (message) => {
      next = message.seq + 1;
      take(message);
    });
    // Servers of a cluster that were started a moment ago may not know their streams yet.
    if (await (attempt < attempts ? read.catch(isUnavailable) : read)) return;
    if (attempt >= attempts) throw new Error(`no message behind ${next - 1}, and no end`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function isUnavailable(error: unknown): false {
  if (error instanceof NatsError) return false;
  throw error;
}

/** False when it was cut off. */
function readFrom(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  first: number,
  take: (message: JsMsg) => void,
): Promise<boolean> {
  return asOperator(server, async (manager, connection) => {
    const { state } = await manager.streams.info(streamName(node));
    if (state.messages === 0 || state.last_seq < first) return true;
    const start = { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: first };
    const consumer = await connection.jetstream().consumers.get(streamName(node), start);
    const messages = await consumer.consume({ max_messages: 2_000 });
    const stop = (): void => messages.stop();
    let watch = setTimeout(stop, silentMs);
    try {
      for await (const message of messages) {
        clearTimeout(watch);
        watch = setTimeout(stop, silentMs);
        take(message);
        if (message.info.pending === 0) return true;
      }
      return false;
    } finally {
      clearTimeout(watch);
    }
  });
}

/** What a stream says, once it is checked: versions without a gap, in order, and the requests' tickets. */
export async function publishedOf(server: Pick<LabNatsServer, 'url'>, node: string) {
  const versions = new Map<string, number>();
  const tickets: number[] = [];
  let previous = -1;
  let messages = 0;
  await readStream(server, node, (message) => {
    messages++;
    const event = message.json<DeputyEvent & { sequence: number }>();
    const { delegationId, version, type, sequence } = event;
    if (version !== (versions.get(delegationId) ?? 0) + 1) {
      throw new Error(`${event.id} at ${message.seq} follows version ${versions.get(delegationId) ?? 0}`);
    }
    versions.set(delegationId, version);
    if (sequence <= previous) throw new Error(`${event.id} at ${message.seq} is out of the journal's order`);
    previous = sequence;
    if (type.startsWith('request.')) tickets.push(sequence);
  });
  return { versions, tickets, messages };
}

/** Every request of the journal is in the stream, once. */
export async function expectAllPublished(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  stateDirectory: string,
) {
  const published = await publishedOf(server, node);
  const journaled = journaledTickets(stateDirectory);
  expect(published.tickets.length).toBe(journaled.length);
  expect(published.tickets.findIndex((ticket, index) => ticket !== journaled[index])).toBe(-1);
  return published;
}
