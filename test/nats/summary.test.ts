import { expect, test } from 'vitest';
import type { EventOf } from '../../core/events/event.js';
import { validateEvent } from '../../core/events/validate-event.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { withDirectory } from '../support/crashing-journal.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { readStream } from './support/published.js';
import { PublishingProcess } from './support/publishing-process.js';

const node = 'node-1';

async function summaries(server: LabNatsServer): Promise<EventOf<'request.summary'>[]> {
  const found: EventOf<'request.summary'>[] = [];
  await readStream(server, node, (message) => {
    const event = validateEvent(message.json());
    if (event.type === 'request.summary') found.push(event);
    else expect(event.type).toMatch(/^delegation\./);
  });
  return found;
}

const answeredIn = (events: readonly EventOf<'request.summary'>[]): number =>
  events.reduce((sum, { data }) => sum + data.requests.answered, 0);

describeWhen(
  [...missingForKernel(), ...missingForNats()],
  'a policy that wants seconds instead of requests',
  () => {
    test('each request is counted once, over restarts, and the last second comes without another request', async () => {
      const server = await LabNatsServer.start();
      await withDirectory(async (directory) => {
        const first = await PublishingProcess.start(server, directory, node, 1, 'summary');
        await first.requests(700);
        await expect.poll(async () => answeredIn(await summaries(server)), { timeout: 10_000 }).toBe(700);
        await first.requests(50);
        await first.end('crash');
        const second = await PublishingProcess.start(server, directory, node, 1, 'summary');
        await second.published();
        expect(second.publisher.countsOf('one').answered).toBe(750);
        // The former one's second ended with the first event of the next one.
        expect(answeredIn(await summaries(server))).toBe(750);
        await second.requests(3);
        await second.end('stop');
      });
      const all = await summaries(server);
      for (const { data } of all) {
        const { answered } = data.requests;
        expect(data.latencyUs.counts.reduce((sum, count) => sum + count, 0)).toBe(answered);
        expect(data.latencyUs.counts).toHaveLength(data.latencyUs.bounds.length + 1);
      }
      await server.remove();
    });
  },
);
