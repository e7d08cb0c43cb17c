import { expect, test } from 'vitest';
import { streamName } from '../../core/events/subject.js';
import { LabNatsCluster } from '../lab/nats-cluster.js';
import { missingForNats } from '../lab/nats-server.js';
import { withDirectory } from '../support/crashing-journal.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { expectAllPublished } from './support/published.js';
import { PublishingProcess } from './support/publishing-process.js';

const node = 'node-1';
const kills = 10;

describeWhen([...missingForKernel(), ...missingForNats()], 'a cluster of three, with three replicas', () => {
  test(
    `${kills} leaders killed in mid-stream: each event once, in order`,
    {
      timeout: 600_000,
    },
    () =>
      withCluster(async (cluster, directory) => {
        const process = await PublishingProcess.start(cluster, directory, node, 3);
        await process.requests(500);
        for (let kill = 0; kill < kills; kill++) {
          const leader = await cluster.leaderOf(streamName(node));
          const sending = process.requests(4_000);
          await new Promise((resolve) => setTimeout(resolve, 5 + (kill % 5) * 7));
          await cluster.server(leader).kill();
          await sending;
          await cluster.server(leader).restart();
        }
        await process.end('stop');
        const published = await expectAllPublished(cluster, node, directory);
        expect(published.messages).toBe(5 + 500 + kills * 4_000);
      }),
  );

  test(
    'an end that all have lost is repaired; one that one has lost is theirs to mend',
    {
      timeout: 300_000,
    },
    () =>
      withCluster(async (cluster, directory) => {
        const stream = streamName(node);
        const process = await PublishingProcess.start(cluster, directory, node, 3);
        await process.requests(2_000);
        // A loss of power of all three: what was acknowledged since their last sync is gone.
        await cluster.killAll();
        await cluster.keepFiles();
        await cluster.restartAll();
        await process.requests(1_000);
        const before = await cluster.lastSequence(stream);
        await cluster.killAll();
        await cluster.loseSince();
        await cluster.restartAll();
        expect(await cluster.lastSequence(stream)).toBeLessThan(before);
        await process.requests(100);
        expect(process.codes).toContain('DEPUTY_E_STREAM_WENT_BACKWARDS');
        expect((await expectAllPublished(cluster, node, directory)).messages).toBe(before + 100);
        await cluster.killAll();
        await cluster.loseSince(cluster.all.slice(0, 1));
        await cluster.restartAll();
        await process.requests(100);
        await process.end('stop');
        expect((await expectAllPublished(cluster, node, directory)).messages).toBe(before + 200);
      }),
  );
});

async function withCluster(
  body: (cluster: LabNatsCluster, directory: string) => Promise<void>,
): Promise<void> {
  const cluster = await LabNatsCluster.start();
  try {
    await withDirectory((directory) => body(cluster, directory));
  } finally {
    await cluster.remove();
  }
}
