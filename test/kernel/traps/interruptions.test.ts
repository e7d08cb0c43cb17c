import { readdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { O } from '../support/trap-thread.js';

const SIGUSR1 = 10;
const calls = isLong ? 100_000 : 15_000;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const flavour of ['plain', 'killable'] as const) {
  describeWhen(missingForKernel(), `calls that are interrupted, ${flavour} wait`, () => {
    const scene = makeScene();

    test('an agent that is stopped and continued answers no call wrongly', { timeout: 300_000 }, async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      await scene.confine(target, { flavour });
      const before = readdirSync(`/proc/${target.pid}/fd`).length;
      let ended = false;
      const seen = target.repeat(mount, 'own', O.RDONLY, calls).finally(() => {
        ended = true;
      });
      let stops = 0;
      while (!ended) {
        // As a debugger does it, or a frozen cgroup: at whatever moment.
        scene.agent.kill('SIGSTOP');
        scene.agent.kill('SIGCONT');
        stops++;
        await pause(stops % 4);
      }
      expect(await seen).toEqual({ [statSync(`${scene.share}/own`).ino]: calls });
      expect(readdirSync(`/proc/${target.pid}/fd`)).toHaveLength(before);
      expect(stops).toBeGreaterThan(20);
    });

    test('signals to the target leave no descriptor behind', { timeout: 300_000 }, async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      await target.must(`handler ${SIGUSR1} 1`);
      await scene.confine(target, { flavour });
      const before = readdirSync(`/proc/${target.pid}/fd`).length;
      let ended = false;
      const seen = target.repeat(mount, 'own', O.RDONLY, calls).finally(() => {
        ended = true;
      });
      let signals = 0;
      for (; !ended; signals++) {
        target.kill('SIGUSR1');
        await pause(0);
      }
      // With SA_RESTART the kernel makes each interrupted call again, so none is lost.
      expect(await seen).toEqual({ [statSync(`${scene.share}/own`).ino]: calls });
      expect(signals).toBeGreaterThan(100);
      // With the plain wait the kernel may take an answer and drop it for a signal that came just then.
      const droppedAtMost = flavour === 'plain' ? Math.ceil(signals / 50) : 0;
      const left = (): number => readdirSync(`/proc/${target.pid}/fd`).length - before;
      // The last one may still be on its way out.
      await expect.poll(left).toBeLessThanOrEqual(droppedAtMost);
    });
  });
}
