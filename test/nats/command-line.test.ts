import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { streamName } from '../../core/events/subject.js';
import { EventBatch } from '../../core/publishing/event-batch.js';
import { runDeputy } from '../lab/agent-process.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { describeWhen } from '../support/describe-when.js';
import { sampleEvent } from '../support/sample-events.js';
import { asOperator, batchOf, openStore } from './support/stream.js';

const beginning = [
  'delegation.requested',
  'delegation.assessed',
  'delegation.admitted',
  'delegation.establishing',
  'delegation.active',
] as const;

/** A delegation's events up to `active`. */
function begun(delegationId: string): EventBatch {
  const batch = new EventBatch();
  beginning.forEach((type, index) => {
    const event = sampleEvent(type, delegationId, index + 1);
    batch.addText(event, JSON.stringify(event));
  });
  return batch;
}

describeWhen(missingForNats(), 'the command line and a stream', () => {
  let server: LabNatsServer;
  let nats: string[];

  beforeAll(async () => {
    server = await LabNatsServer.start();
    nats = ['--nats', server.url];
    for (const node of ['n1', 'n2', 'n3']) {
      const store = await openStore(server, node);
      await store.appendBatch(begun(`of-${node}`));
      await store.appendBatch(batchOf(`of-${node}`, 6, 4));
      await store.close();
    }
  });

  afterAll(async () => {
    await server.remove();
  });

  test('events: of a node, by type and tenant, as lines and as JSON', () => {
    const all = runDeputy(['events', ...nats, '--node', 'n1', '--json']);
    expect(all.stderr).toBe('');
    expect(all.stdout.trim().split('\n')).toHaveLength(9);
    const some = runDeputy(['events', ...nats, '--node', 'n1', '--type', 'request']);
    expect(some.stdout.trim().split('\n')).toHaveLength(4);
    expect(runDeputy(['events', ...nats, '--node', 'n1', '--tenant', 'red']).stdout).toBe('');
    const none = runDeputy(['events', ...nats, '--node', 'nobody']);
    expect({ status: none.status, stderr: none.stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('DEPUTY_E_STREAM_MISSING'),
    });
  });

  test('aggregate: three nodes as one, or a plain no from a server that would stall', async () => {
    const words = ['events', 'aggregate', ...nats, '--nodes', 'n1,n2,n3', '--name', 'all'];
    const made = runDeputy(words);
    const version = await asOperator(server, async (_, connection) => connection.info?.version ?? '');
    if (/^2\.([0-9]|10)\./.test(version)) {
      expect(made).toMatchObject({ status: 1, stderr: expect.stringContaining('DEPUTY_E_NATS_TOO_OLD') });
      return;
    }
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const ids = (): string[] => {
      const { stdout } = runDeputy(['events', ...nats, '--stream', 'all', '--json']);
      const lines = stdout.split('\n').filter((line) => line !== '');
      return lines.map((line) => (JSON.parse(line) as { id: string }).id);
    };
    await expect.poll(() => ids().length, { timeout: 10_000, interval: 500 }).toBe(27);
    for (const node of ['n1', 'n2', 'n3']) {
      const own = ids().filter((id) => id.startsWith(`of-${node}/`));
      expect(own).toEqual(Array.from({ length: 9 }, (_, index) => `of-${node}/${index + 1}`));
    }
    expect(runDeputy([...words.slice(0, 4), '--nodes', 'n1', '--name', 'all']).stderr).toContain(
      'DEPUTY_E_STREAM_DIFFERS',
    );
  });

  test('status: put together from the stream alone, and kept in a bucket for others', async () => {
    const status = runDeputy(['status', ...nats, '--node', 'n2', '--kv', 'deputy']);
    expect(status).toMatchObject({ status: 0, stderr: '' });
    expect(status.stdout).toMatch(/of-n2 +blue +active +5 +0 +0 +0/);
    await asOperator(server, async (_, connection) => {
      const bucket = await connection.jetstream().views.kv('deputy');
      expect((await bucket.get('delegation.of-n2'))?.json()).toMatchObject({ name: 'active', version: 9 });
      expect((await bucket.get('tenant.blue'))?.json()).toMatchObject({ live: 1, counts: { answered: 5 } });
    });
  });

  test('status: says what is missing where retention took the beginning', async () => {
    const store = await openStore(server, 'short', { stream: { maximumBytes: 6_000 } });
    await store.appendBatch(begun('old'));
    await store.appendBatch(batchOf('old', 6, 40));
    await store.close();
    const first = await asOperator(
      server,
      async (manager) => (await manager.streams.info(streamName('short'))).state.first_seq,
    );
    expect(first).toBeGreaterThan(6);
    const status = runDeputy(['status', ...nats, '--node', 'short']);
    expect(status.status).toBe(1);
    expect(status.stdout).toContain(`incomplete since ${first}\n`);

    // From a snapshot on nothing is missing, whatever came before it.
    const again = await openStore(server, 'short', { stream: { maximumBytes: 6_000 } });
    const snapshot = sampleEvent('delegation.snapshot', 'old', 46);
    const batch = new EventBatch();
    batch.addText(snapshot, JSON.stringify(snapshot));
    await again.appendBatch(batch);
    await again.close();
    const since = runDeputy(['status', ...nats, '--node', 'short']);
    expect(since).toMatchObject({ status: 0, stderr: '' });
    expect(since.stdout).not.toContain('incomplete');
  });

  test('run: events go to the stream of its state directory', async () => {
    const usage = runDeputy(['run', ...nats, '--', 'true']);
    expect(usage).toMatchObject({ status: 2, stderr: expect.stringContaining('--state') });
    if (process.getuid?.() !== 0) return;
    const directory = mkdtempSync(join(tmpdir(), 'deputy-run-nats-'));
    const words = ['--state', directory, '--node', 'runs'];
    for (let round = 0; round < 2; round++) {
      expect(runDeputy(['run', ...nats, ...words, '--', 'true'])).toMatchObject({ status: 0 });
    }
    const events = runDeputy(['events', ...nats, '--node', 'runs', '--type', 'delegation']);
    expect(events.stdout.match(/delegation\.released/g)).toHaveLength(2);
    rmSync(directory, { recursive: true });
  });
});
