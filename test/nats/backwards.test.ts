import { expect, test } from 'vitest';
import { streamName } from '../../core/events/subject.js';
import { LabNatsServer, missingForNats } from '../lab/nats-server.js';
import { withDirectory } from '../support/crashing-journal.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { cutStream } from './support/cut-stream.js';
import { expectAllPublished } from './support/published.js';
import { PublishingProcess } from './support/publishing-process.js';
import { asOperator } from './support/stream.js';

const node = 'node-1';
const wentBackwards = 'DEPUTY_E_STREAM_WENT_BACKWARDS';

function lastSequence(server: LabNatsServer): Promise<number> {
  return asOperator(server, async (manager) => (await manager.streams.info(streamName(node))).state.last_seq);
}

async function withServer(body: (server: LabNatsServer, directory: string) => Promise<void>): Promise<void> {
  const server = await LabNatsServer.start();
  try {
    await withDirectory((directory) => body(server, directory));
  } finally {
    await server.remove();
  }
}

describeWhen([...missingForKernel(), ...missingForNats()], 'a stream that lost its acknowledged end', () => {
  test('is found at start, and what the journal has is published again', () =>
    withServer(async (server, directory) => {
      const first = await PublishingProcess.start(server, directory, node);
      await first.requests(1_000);
      await first.requests(2_000);
      await first.end('stop');
      expect(await lastSequence(server)).toBe(3_005);
      await server.kill();
      cutStream(server.storeDirectory, streamName(node), 1_400);
      await server.restart();
      expect(await lastSequence(server)).toBe(1_400);
      const next = await PublishingProcess.start(server, directory, node);
      await next.requests(100);
      expect(next.codes).toContain(wentBackwards);
      const { messages } = await expectAllPublished(server, node, directory);
      expect(messages).toBe(3_107);
      await next.end('stop');
    }));

  test('is found at a reconnection, with events on their way', () =>
    withServer(async (server, directory) => {
      const process = await PublishingProcess.start(server, directory, node);
      await process.requests(1_500);
      await server.kill();
      cutStream(server.storeDirectory, streamName(node), 700);
      // What is known of a target's use of handles is not known less while it is read again.
      const opened: number[] = [];
      const look = setInterval(() => opened.push(process.publisher.useOf('one')?.opened ?? 0), 1);
      try {
        await process.requests(1_000, false);
        await server.restart();
        await process.published();
      } finally {
        clearInterval(look);
      }
      expect(opened).toEqual([...opened].sort((one, other) => one - other));
      expect(process.publisher.useOf('one')?.opened).toBe(2_500);
      expect(process.codes).toContain(wentBackwards);
      expect((await expectAllPublished(server, node, directory)).messages).toBe(2_505);
      expect(process.publisher.countsOf('one').answered).toBe(2_500);
      // And once more, so that what was repaired is known to have been.
      await server.kill();
      cutStream(server.storeDirectory, streamName(node), 2_300);
      await server.restart();
      await process.requests(10);
      await process.end('crash');
      expect((await expectAllPublished(server, node, directory)).messages).toBe(2_515);
    }));

  test('is repaired even if it was made anew, and whoever repairs it dies in the middle', () =>
    withServer(async (server, directory) => {
      const first = await PublishingProcess.start(server, directory, node);
      await first.requests(2_000);
      await first.end('stop');
      await asOperator(server, (manager) => manager.streams.delete(streamName(node)));
      const second = await PublishingProcess.start(server, directory, node);
      await second.requests(300, false);
      await second.end('crash');
      const third = await PublishingProcess.start(server, directory, node);
      await third.requests(50);
      expect((await expectAllPublished(server, node, directory)).messages).toBe(2_359);
      await third.end('stop');
    }));
});
