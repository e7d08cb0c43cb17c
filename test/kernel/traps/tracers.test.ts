import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import type { Flavour } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

const tracedReason = 'DEPUTY_E_REFUSED_TRACED';

describeWhen(missingForKernel(), 'a thread that is traced already', () => {
  const scene = makeScene({ opath: 'exact' });

  for (const flavour of ['plain', 'killable'] as const satisfies readonly Flavour[]) {
    test(`gets a coded answer where the injector is needed, ${flavour} wait`, async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      for (const name of ['own', 'link']) expect(await target.encode(name, name)).toBe(0);
      await scene.confine(target, { staysRoot: true, flavour });
      const [thread, sibling] = [await target.newThread(1), await target.newThread(2)];
      const { result: tracer, traced } = await target.tell('trace 1');
      expect(traced).toBe(1);
      await thread.dropTo(targetId);
      for (const name of ['own', 'link']) expect(await thread.openHandle(mount, name, O.PATH)).toBe('EPERM');
      // Nothing else is in the way of the others, nor of its own other calls.
      expect(await thread.openHandle(mount, 'own', O.RDONLY)).toEqual(expect.any(Number));
      expect(await sibling.openHandle(mount, 'link', O.PATH)).toEqual(expect.any(Number));
      const requests = await scene.requests(target, 4);
      expect(requests.filter(({ reason }) => reason === tracedReason)).toHaveLength(2);
      process.kill(tracer as number, 'SIGKILL');
      await expect.poll(() => thread.openHandle(mount, 'link', O.PATH)).toEqual(expect.any(Number));
    });
  }
});
