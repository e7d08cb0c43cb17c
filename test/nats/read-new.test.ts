import { connect } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readMessages } from '../../adapters/nats/read-messages.js';
import { streamName } from '../../core/events/subject.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen } from '../support/describe-when.js';
import { batchOf, openStore } from './support/stream.js';

describeWhen(missingForNats(), 'a reader of what comes from now on', () => {
  let server: LabNatsServer;
  beforeAll(async () => {
    server = await LabNatsServer.start();
  });
  afterAll(() => server.remove());

  test('whose server is killed before anything came misses nothing of what comes before it stands again', async () => {
    const store = await openStore(server, 'new');
    await store.appendBatch(batchOf('a', 1, 5));
    const connection = await connect({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    const stop = new AbortController();
    let stands: () => void = () => undefined;
    const standing = new Promise<void>((resolve) => {
      stands = resolve;
    });
    const read: number[] = [];
    const reading = (async () => {
      const { signal } = stop;
      const options = {
        stream: streamName('new'),
        from: 'new',
        follow: true,
        signal,
        onStanding: stands,
      } as const;
      for await (const { seq } of readMessages(connection, options)) {
        read.push(seq);
        if (read.length === 3) stop.abort();
      }
    })();
    await standing;
    await server.kill();
    await server.restart();
    await store.appendBatch(batchOf('a', 6, 3));
    await reading;
    expect(read).toEqual([6, 7, 8]);
    await connection.close();
    await store.close();
  }, 60_000);
});
