import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, expectTypeOf, test } from 'vitest';
import { type Delivery, openConsumer } from '../../adapters/nats/consumer/index.js';
import { filterSubject, streamName } from '../../core/events/subject.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { checkoutDirectory } from '../lab/paths.js';
import { describeWhen } from '../support/describe-when.js';
import { sampleEvent } from '../support/sample-events.js';
import { asOperator, batchOf, openStore } from './support/stream.js';

async function take<T>(deliveries: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const delivery of deliveries) {
    taken.push(delivery);
    if (taken.length === count) break;
  }
  return taken;
}

const idsOf = (deliveries: readonly Delivery[]) => deliveries.map(({ event }) => event.id);

describeWhen(missingForNats(), 'a consumer of events', () => {
  let server: LabNatsServer;
  let nodes = 0;

  beforeAll(async () => {
    server = await LabNatsServer.start();
  });

  afterAll(async () => {
    await server.remove();
  });

  /** A node's stream with events of two tenants. */
  async function withEvents(): Promise<string> {
    const node = `node-${++nodes}`;
    const store = await openStore(server, node);
    await store.appendBatch(batchOf('a', 1, 3));
    const red = new EventBatch();
    const failed = { ...sampleEvent('delegation.failed', 'r', 1), tenant: 'red.1' };
    red.addText(failed, JSON.stringify(failed));
    await store.appendBatch(red);
    await store.appendBatch(batchOf('a', 4, 2));
    await store.close();
    return node;
  }

  test('gets what its filters say, typed, from where it wants to begin', async () => {
    const node = await withEvents();
    const { url } = server;
    const requests = await openConsumer({ url, node, type: 'request.answered' });
    const answered = await take(requests, 5);
    expectTypeOf(answered[0]!.event.type).toEqualTypeOf<'request.answered'>();
    expect(idsOf(answered)).toEqual(['a/1', 'a/2', 'a/3', 'a/4', 'a/5']);
    expect(answered.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 5, 6]);
    await requests.close();
    const red = await openConsumer({ url, node, tenant: 'red.1', type: 'delegation' });
    expect((await take(red, 1))[0]?.event.data).toMatchObject({ code: 'DEPUTY_E_HANDLER_FAILED' });
    await red.close();
    const late = await openConsumer({ url, node, from: { sequence: 6 } });
    expect(idsOf(await take(late, 1))).toEqual(['a/5']);
    await late.close();
    await expect(openConsumer({ url, node: 'nobody' })).rejects.toMatchObject({
      code: 'DEPUTY_E_STREAM_MISSING',
    });
  });

  test('with a durable name goes on where it stopped, and gets again what it did not acknowledge', async () => {
    const node = await withEvents();
    const options = { url: server.url, node, durable: 'billing', acknowledgeWithinMs: 300 };
    const first = await openConsumer(options);
    for await (const delivery of first) {
      if (delivery.sequence === 3) break;
      await delivery.acknowledge();
    }
    await first.close();
    const second = await openConsumer(options);
    const ids: string[] = [];
    for await (const delivery of second) {
      ids.push(`${delivery.event.id}`);
      await delivery.acknowledge();
      if (new Set(ids).size === 4) break;
    }
    await second.close();
    expect(new Set(ids)).toEqual(new Set(['a/3', 'r/1', 'a/4', 'a/5']));
    await expect(openConsumer({ ...options, type: 'request' })).rejects.toMatchObject({
      code: 'DEPUTY_E_CONSUMER_DIFFERS',
    });
  });

  for (const durable of [undefined, 'archive']) {
    const title = durable === undefined ? 'without a durable name' : 'with a durable name';
    test(`${title} goes on where its stream was removed and made anew, from its start`, async () => {
      const node = await withEvents();
      const { url } = server;
      const consumer = await openConsumer(durable === undefined ? { url, node } : { url, node, durable });
      const ids: string[] = [];
      const listening = (async () => {
        for await (const delivery of consumer) {
          ids.push(delivery.event.id);
          await delivery.acknowledge();
        }
      })();
      await expect.poll(() => ids.length, { timeout: 10_000 }).toBe(6);
      await asOperator(server, async (manager) => {
        const { config } = await manager.streams.info(streamName(node));
        await manager.streams.delete(streamName(node));
        await manager.streams.add(config);
      });
      const store = await openStore(server, node);
      await store.appendBatch(batchOf('b', 1, 2));
      await expect.poll(() => ids.slice(6), { timeout: 20_000 }).toEqual(['b/1', 'b/2']);
      await store.close();
      await consumer.close();
      await listening;
    });
  }

  test('poison goes to the dead letters with its reason, and the rest goes on', async () => {
    const node = await withEvents();
    await asOperator(server, async (manager, connection) => {
      const subject = filterSubject({ node, tenant: 'x', delegationId: 'x', type: 'request.answered' });
      await connection.jetstream().publish(subject, 'no JSON');
      await connection
        .jetstream()
        .publish(subject, JSON.stringify({ ...sampleEvent('request.lost'), id: 'x/9' }));
      const letters: string[] = [];
      connection.subscribe('deputy.dead.>', {
        callback: (_, message) =>
          letters.push(`${message.headers?.get('deputy-sequence')} ${message.headers?.get('deputy-reason')}`),
      });
      const options = { url: server.url, node, durable: 'audit', deliveries: 2, acknowledgeWithinMs: 60_000 };
      const consumer = await openConsumer(options);
      const attempts: number[] = [];
      const listening = (async () => {
        for await (const delivery of consumer) {
          if (delivery.event.id !== 'r/1') {
            await delivery.acknowledge();
            continue;
          }
          attempts.push(delivery.attempt);
          delivery.retry();
        }
      })();
      await expect.poll(() => letters.length, { timeout: 10_000 }).toBe(3);
      await consumer.close();
      await listening;
      expect(attempts).toEqual([1, 2]);
      expect(letters.sort()).toEqual([
        expect.stringMatching(/^4 it%20was%20delivered%202%20times/),
        expect.stringMatching(/^7 /),
        expect.stringMatching(/^8 .*expected/),
      ]);
      const info = await manager.consumers.info(streamName(node), 'audit');
      expect(info.num_pending).toBe(0);
    });
  });

  test('runs where native code can not be loaded', async () => {
    const node = await withEvents();
    const entry = join(checkoutDirectory(), 'dist/adapters/nats/consumer/index.js');
    const script = `
      import { register } from 'node:module';
      const hooks = "export const resolve = (name, context, next) => { if (name === 'koffi') throw new Error('no koffi'); return next(name, context); };";
      register('data:text/javascript,' + encodeURIComponent(hooks));
      await import('koffi').then(() => process.exit(9), () => undefined);
      const { openConsumer } = await import(${JSON.stringify(entry)});
      const consumer = await openConsumer({ url: process.argv[1], node: process.argv[2] });
      for await (const { event, sequence } of consumer) { console.log(event.id); if (sequence === 6) break; }
      await consumer.close();
    `;
    const words = ['--input-type=module', '-e', script, server.url, node];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['a/1', 'a/2', 'a/3', 'r/1', 'a/4', 'a/5']);
  });
});
