import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { type JetStreamOptions, openJetStreamStore } from '../../../adapters/nats/index.js';
import { streamName } from '../../../core/events/subject.js';
import type { Checkpoint, StoreCursor } from '../../../core/publishing/checkpoint.js';
import { EventBatch } from '../../../core/publishing/event-batch.js';
import type { LabNatsServer } from '../../lab/nats-server.js';
import { sampleRequests } from '../../support/sample-events.js';

export const writer = { id: 'writer-1', epoch: 1 };

/** A batch of answered requests that follow each other. */
export function batchOf(delegationId: string, first: number, count: number): EventBatch {
  const batch = new EventBatch();
  for (const event of sampleRequests(delegationId, first, count)) batch.addText(event, JSON.stringify(event));
  return batch;
}

export function checkpointAt(cursor: StoreCursor | undefined): Checkpoint {
  const known = { format: 1, position: 0, streams: [], listeners: [] } as const;
  return cursor === undefined ? known : { ...known, cursor };
}

export function openStore(
  server: Pick<LabNatsServer, 'url'>,
  node: string,
  more: Partial<JetStreamOptions> = {},
) {
  return openJetStreamStore({ url: server.url, node, writer, ...more });
}

/** A connection of the test's own, as an operator has one. */
export async function asOperator<T>(
  server: Pick<LabNatsServer, 'url'>,
  act: (manager: JetStreamManager, connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const servers = server.url.split(',');
  // The client takes no token from a URL.
  const token = new URL(servers[0] ?? '').username;
  const connection = await connect({ servers, ...(token === '' ? {} : { token }) });
  try {
    return await act(await connection.jetstreamManager(), connection);
  } finally {
    await connection.close();
  }
}

/** Ids in the stream, in its order, as a plain consumer sees them. */
export function storedIds(server: Pick<LabNatsServer, 'url'>, node: string): Promise<string[]> {
  return asOperator(server, async (manager, connection) => {
    const { state } = await manager.streams.info(streamName(node));
    if (state.messages === 0) return [];
    const ids: string[] = [];
    const consumer = await connection.jetstream().consumers.get(streamName(node));
    for await (const message of await consumer.consume()) {
      ids.push(message.headers?.get('ce-id') ?? '');
      if (message.info.pending === 0) break;
    }
    return ids.map(decodeURIComponent);
  });
}

/** The ids of events that follow each other. */
export function idsOf(delegationId: string, first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${delegationId}/${first + index}`);
}
