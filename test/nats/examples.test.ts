import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { streamName } from '../../core/events/subject.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { checkoutDirectory } from '../lab/paths.js';
import { describeWhen } from '../support/describe-when.js';
import { batchOf, openStore } from './support/stream.js';

const examples = join(checkoutDirectory(), 'docs/examples');

describeWhen(missingForNats(), 'consumers that the docs show', () => {
  let server: LabNatsServer;

  beforeAll(async () => {
    server = await LabNatsServer.start();
    const store = await openStore(server, 'node-1');
    await store.appendBatch(batchOf('gr\u00fcn-1', 1, 3));
    await store.close();
  });

  afterAll(async () => {
    await server.remove();
  });

  test('nothing but the package nats: CloudEvents headers, and JSON', () => {
    const words = [join(examples, 'plain-subscriber.mjs'), server.url, streamName('node-1'), '3'];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(
      [1, 2, 3].map(
        (version) =>
          `${version} 1.0 request.answered gr\u00fcn-1/${version} blue 2023-11-14T22:13:20.00${version}Z`,
      ),
    );
  });

  test('deputy/consumer with a durable name', async () => {
    const words = [join(examples, 'consumer.mjs'), server.url, 'node-1', 'blue'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    await expect.poll(() => output.trim().split('\n').length, { timeout: 20_000 }).toBe(3);
    expect(output).toContain('1 gr\u00fcn-1 open_by_handle_at 12.5\n');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  });
});
