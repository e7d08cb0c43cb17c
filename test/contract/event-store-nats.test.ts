import { connect } from 'nats';
import { afterAll, beforeAll } from 'vitest';
import { openJetStreamStore } from '../../adapters/nats/index.js';
import { streamName } from '../../core/events/subject.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen } from '../support/describe-when.js';
import { eventStoreSuite } from './event-store.suite.js';

describeWhen(missingForNats(), 'against a real nats-server', () => {
  let server: LabNatsServer;
  let fixtures = 0;

  beforeAll(async () => {
    server = await LabNatsServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  eventStoreSuite('JetStream', async () => {
    const node = `node-${++fixtures}`;
    const open = () => openJetStreamStore({ url: server.url, node, writer: { id: 'suite', epoch: 1 } });
    const cleanUp = async () => {
      const connection = await connect({ servers: server.url });
      await (await connection.jetstreamManager()).streams.delete(streamName(node));
      await connection.close();
    };
    return { open, reopen: open, cleanUp };
  });
});
