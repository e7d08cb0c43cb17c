import { headers } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJetStreamStore } from '../../adapters/nats/index.js';
import { nodeSubjects, streamName } from '../../core/events/subject.js';
import type { StoreState } from '../../core/publishing/published-store.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen, isLong } from '../support/describe-when.js';
import { asOperator, batchOf, checkpointAt, idsOf, openStore, storedIds, writer } from './support/stream.js';

describeWhen(missingForNats(), 'a stream and its one writer', () => {
  let server: LabNatsServer;
  let nodes = 0;
  const nextNode = () => `n.${++nodes}`;

  beforeAll(async () => {
    server = await LabNatsServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  test('a stream that differs is an error that says in what, and stays as it is', async () => {
    const node = nextNode();
    await (await openStore(server, node)).close();
    const other = openStore(server, node, { stream: { discard: 'new', maximumBytes: 5_000_000 } });
    await expect(other).rejects.toMatchObject({
      code: 'DEPUTY_E_STREAM_DIFFERS',
      message: expect.stringMatching(
        /max_bytes is 1073741824, wanted 5000000; discard is "old", wanted "new"/,
      ),
    });
    const config = await asOperator(server, async (manager) => {
      const info = await manager.streams.info(streamName(node));
      await expect(manager.streams.purge(streamName(node))).rejects.toThrow();
      return info.config;
    });
    expect(config).toMatchObject({ discard: 'old', deny_delete: true, deny_purge: true, storage: 'file' });
  });

  test('a server that is killed with messages in flight: each event once, in order', async () => {
    const node = nextNode();
    const states: StoreState[] = [];
    const store = await openStore(server, node, { onState: (state) => states.push(state) });
    await store.goOnFrom(undefined, true);
    const rounds = isLong ? 50 : 3;
    let version = 1;
    let count = 0;
    const pending: Promise<unknown>[] = [];
    for (let round = 0; round < rounds; round++) {
      for (let batch = 0; batch < 12; batch++) {
        pending.push(store.appendBatch(batchOf('a', version, 120)));
        version += 120;
        count += 120;
        if (batch === 4 + (round % 4)) await new Promise((resolve) => setTimeout(resolve, round % 7));
      }
      await server.kill();
      await server.restart();
    }
    await Promise.all(pending);
    expect(await storedIds(server, node)).toEqual(idsOf('a', 1, count));
    expect(store.state).toBe('open');
    expect(states).toContain('away');
    await store.close();
  });

  test('another writer is fenced, and the first one goes on', async () => {
    const node = nextNode();
    const store = await openStore(server, node);
    await store.appendBatch(batchOf('a', 1, 10));
    const other = await openStore(server, node, { writer: { id: 'writer-2', epoch: 7 } });
    const fenced = { code: 'DEPUTY_E_STREAM_FENCED' };
    await expect(other.appendBatch(batchOf('b', 1, 5))).rejects.toMatchObject(fenced);
    await other.close();
    await store.appendBatch(batchOf('a', 11, 5));
    expect(await storedIds(server, node)).toEqual(idsOf('a', 1, 15));
    // Told to go on in a stream of a lost state directory it does, and what was first is fenced then.
    const heir = await openStore(server, node, { writer: { id: 'writer-2', epoch: 7 }, adopt: true });
    await heir.appendBatch(batchOf('b', 1, 5));
    await expect(store.appendBatch(batchOf('a', 16, 5))).rejects.toMatchObject(fenced);
    expect(store.state).toBe('fenced');
    expect(await storedIds(server, node)).toEqual([...idsOf('a', 1, 15), ...idsOf('b', 1, 5)]);
    await heir.close();
    await store.close();
  });

  test("a gap behind a stranger's message is found whatever the end is, and also without a cursor", async () => {
    const node = nextNode();
    const store = await openStore(server, node);
    await store.appendBatch(batchOf('a', 1, 3));
    await store.close();
    await asOperator(server, async (_, connection) => {
      const publish = (id: string, by: string, subject: string) => {
        const own = headers();
        own.set('Nats-Msg-Id', id);
        own.set('deputy-writer', by);
        own.set('deputy-epoch', '1');
        return connection
          .jetstream()
          .publish(nodeSubjects(node).replace('>', subject), '{}', { headers: own });
      };
      await publish('stranger/1', 'another', 'red.stranger.request.answered');
      // As one that was on its way, and had its sequence predicted behind the one that was refused.
      await publish('b/2', writer.id, 'blue.b.request.answered');
    });
    const again = await openStore(server, node);
    const gap = { code: 'DEPUTY_E_STREAM_GAP', message: expect.stringContaining('lacks b/1') };
    await expect(again.appendBatch(batchOf('a', 4, 1))).rejects.toMatchObject(gap);
    await again.close();
  });

  test("a stranger's message that was adopted, with nothing missing, needs no flag again", async () => {
    const node = nextNode();
    const first = await openStore(server, node, { writer: { id: 'writer-0', epoch: 1 } });
    await first.appendBatch(batchOf('a', 1, 3));
    await first.close();
    const store = await openStore(server, node, { adopt: true });
    await store.appendBatch(batchOf('b', 1, 3));
    await store.close();
    const former = await openStore(server, node, { writer: { id: 'writer-0', epoch: 2 }, adopt: true });
    await former.appendBatch(batchOf('a', 4, 1));
    await former.close();
    const refused = await openStore(server, node);
    const fenced = { code: 'DEPUTY_E_STREAM_FENCED', message: expect.stringContaining('message 7') };
    await expect(refused.appendBatch(batchOf('b', 4, 1))).rejects.toMatchObject(fenced);
    await refused.close();
    const adopted = await openStore(server, node, { adopt: true });
    await adopted.appendBatch(batchOf('b', 4, 1));
    await adopted.close();
    const again = await openStore(server, node);
    await again.appendBatch(batchOf('b', 5, 1));
    await again.close();
    const stored = ['a/1', 'a/2', 'a/3', 'b/1', 'b/2', 'b/3', 'a/4', 'b/4', 'b/5'];
    expect(await storedIds(server, node)).toEqual(stored);
  });

  test('what a former writer left out keeps nobody from adopting its stream', async () => {
    const node = nextNode();
    const former = await openStore(server, node, { writer: { id: 'writer-0', epoch: 1 } });
    await former.appendBatch(batchOf('a', 1, 3));
    await former.appendBatch(batchOf('a', 6, 2));
    await former.close();
    const heir = await openStore(server, node, { adopt: true });
    await heir.appendBatch(batchOf('b', 1, 2));
    await heir.close();
    const again = await openStore(server, node);
    await again.appendBatch(batchOf('b', 3, 1));
    await again.close();
    expect(await storedIds(server, node)).toEqual([...idsOf('a', 1, 3), 'a/6', 'a/7', ...idsOf('b', 1, 3)]);
  });

  test('a later epoch of the same writer fences the earlier one', async () => {
    const node = nextNode();
    const early = await openStore(server, node);
    await early.appendBatch(batchOf('a', 1, 3));
    const late = await openStore(server, node, { writer: { ...writer, epoch: 2 } });
    await late.appendBatch(batchOf('a', 4, 3));
    await expect(early.appendBatch(batchOf('a', 7, 3))).rejects.toMatchObject({
      code: 'DEPUTY_E_STREAM_FENCED',
    });
    expect(await storedIds(server, node)).toEqual(idsOf('a', 1, 6));
    await late.close();
    await early.close();
  });

  test('a successor sends again what was in flight, and the stream has it once', async () => {
    const node = nextNode();
    const first = await openStore(server, node);
    await first.appendBatch(batchOf('a', 1, 10));
    const { cursor } = first;
    expect(cursor).toMatchObject({ sequence: 10, id: 'a/10' });
    await first.appendBatch(batchOf('a', 11, 100));
    await first.appendBatch(batchOf('b', 1, 20));
    await first.close();
    const next = await openStore(server, node, { writer: { ...writer, epoch: 2 } });
    expect(await next.goOnFrom(checkpointAt(cursor), false)).toBe(true);
    expect(await next.appendBatch(batchOf('a', 11, 100))).toEqual({ appended: 0, duplicates: 100 });
    expect(await next.appendBatch(batchOf('b', 1, 30))).toEqual({ appended: 10, duplicates: 20 });
    expect(await storedIds(server, node)).toEqual([...idsOf('a', 1, 110), ...idsOf('b', 1, 30)]);
    await next.close();
  });

  test('what age took since the last checkpoint is not sent again', async () => {
    const node = nextNode();
    const stream = { maximumAgeMs: 600 };
    const first = await openStore(server, node, { stream });
    await first.appendBatch(batchOf('a', 1, 10));
    const { cursor } = first;
    await first.appendBatch(batchOf('a', 11, 20));
    await first.close();
    await expect.poll(() => storedIds(server, node), { timeout: 10_000, interval: 200 }).toEqual([]);
    const next = await openStore(server, node, { stream, writer: { ...writer, epoch: 2 } });
    expect(await next.goOnFrom(checkpointAt(cursor), false)).toBe(true);
    expect(await next.appendBatch(batchOf('a', 11, 25))).toEqual({ appended: 5, duplicates: 20 });
    expect(next.cursor).toMatchObject({ sequence: 35, id: 'a/35' });
    await next.close();
  });

  test('a full stream that keeps what it has stalls the writer until there is room', async () => {
    const node = nextNode();
    const stream = { maximumBytes: 100_000, discard: 'new' } as const;
    const states: (string | undefined)[] = [];
    const store = await openStore(server, node, {
      stream,
      onState: (state, error) => states.push(state, error?.code),
    });
    const pending = [1, 101, 201, 301].map((first) => store.appendBatch(batchOf('a', first, 100)));
    await expect.poll(() => store.state, { timeout: 10_000 }).toBe('full');
    expect(states).toContain('DEPUTY_E_STREAM_FULL');
    await asOperator(server, (manager) =>
      manager.streams.update(streamName(node), { max_bytes: 10_000_000 }),
    );
    await Promise.all(pending);
    expect(store.state).toBe('open');
    // What fits by the server's smaller count may push the eldest out (conformance: bytes-to-the-last-one).
    const stored = await storedIds(server, node);
    expect([idsOf('a', 1, 400), idsOf('a', 2, 399)]).toContainEqual(stored);
    await store.close();
  });

  test('a stream that was made anew has gone backwards, at start and while it is written to', async () => {
    const node = nextNode();
    const store = await openStore(server, node);
    await store.appendBatch(batchOf('a', 1, 10));
    const { cursor } = store;
    await asOperator(server, (manager) => manager.streams.delete(streamName(node)));
    const lost = { code: expect.stringMatching(/NATS_UNAVAILABLE|WENT_BACKWARDS/) };
    const appending = store.appendBatch(batchOf('a', 11, 5)).catch((error: unknown) => error);
    const next = await openStore(server, node, { writer: { ...writer, epoch: 2 } });
    expect(await appending).toMatchObject(lost);
    expect(await next.goOnFrom(checkpointAt(cursor), false)).toBe(false);
    expect(await next.goOnFrom(checkpointAt(cursor), true)).toBe(true);
    await next.appendBatch(batchOf('a', 1, 15));
    expect(await storedIds(server, node)).toEqual(idsOf('a', 1, 15));
    await next.close();
    await store.close();
  });
});

describeWhen(missingForNats(), 'a server that asks who is there', () => {
  const open = (server: LabNatsServer, url: string) =>
    openJetStreamStore({ url, node: 'n', writer }).then(async (store) => {
      await store.appendBatch(batchOf('a', 1, 1));
      await store.close();
      return server.port;
    });
  const refused = { code: 'DEPUTY_E_NATS_REFUSED' };

  test('takes user and password, from the URL or the environment, and never prints them', async () => {
    const configuration = 'authorization { user: deputy, password: "s3cret" }';
    const server = await LabNatsServer.start({ configuration });
    try {
      const at = `127.0.0.1:${server.port}`;
      await open(server, `nats://deputy:s3cret@${at}`);
      const error = await open(server, `nats://deputy:wr0ng@${at}`).catch((caught: Error) => caught);
      expect(error).toMatchObject(refused);
      expect(JSON.stringify([error, String(error)])).not.toContain('wr0ng');
      process.env['NATS_USER'] = 'deputy';
      process.env['NATS_PASSWORD'] = 's3cret';
      await open(server, `nats://${at}`);
    } finally {
      delete process.env['NATS_USER'];
      delete process.env['NATS_PASSWORD'];
      await server.remove();
    }
  });

  test('takes a token', async () => {
    const server = await LabNatsServer.start({ configuration: 'authorization { token: "t0ken" }' });
    try {
      await open(server, `nats://t0ken@127.0.0.1:${server.port}`);
      await expect(open(server, server.url)).rejects.toMatchObject(refused);
    } finally {
      await server.remove();
    }
  });

  test('a server for small messages only is refused at once', async () => {
    const server = await LabNatsServer.start({ configuration: 'max_payload: 20000' });
    try {
      await expect(open(server, server.url)).rejects.toMatchObject({ code: 'DEPUTY_E_NATS_PAYLOAD_LIMIT' });
    } finally {
      await server.remove();
    }
  });

  test('nobody there is said with the address', async () => {
    await expect(openJetStreamStore({ url: 'nats://127.0.0.1:1', node: 'n', writer })).rejects.toMatchObject({
      code: 'DEPUTY_E_NATS_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1'),
    });
  });
});
