import { join } from 'node:path';
import type { JsMsg } from 'nats';
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

/** Every message of a node's stream, in its order, by way of nothing but the client. */
export async function readStream(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  take: (message: JsMsg) => void,
): Promise<void> {
  await asOperator(server, async (manager, connection) => {
    const { state } = await manager.streams.info(streamName(node));
    if (state.messages === 0) return;
    const consumer = await connection.jetstream().consumers.get(streamName(node));
    for await (const message of await consumer.consume({ max_messages: 2_000 })) {
      take(message);
      if (message.info.pending === 0) break;
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
