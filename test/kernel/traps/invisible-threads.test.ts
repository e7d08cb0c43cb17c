import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import type { Flavour } from '../support/trap-target.js';
import { AT_EMPTY_PATH, O } from '../support/trap-thread.js';

const notVisible = 'DEPUTY_E_REFUSED_TARGET_NOT_VISIBLE';

describeWhen(missingForKernel(), 'a target that the pid namespace of the agent has no number for', () => {
  const scene = makeScene({ placement: 'pin' }, { ownPidNamespace: true });

  for (const flavour of ['plain', 'killable'] as const satisfies readonly Flavour[]) {
    test(`gets a coded refusal for every call, ${flavour} wait`, async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      await scene.confine(target, { flavour });
      for (let round = 0; round < 3; round++) {
        expect(await target.openHandle(mount, 'own', O.RDONLY)).toBe('EPERM');
        expect(await target.openHandle(mount, 'own', O.PATH)).toBe('EPERM');
        expect(await target.encodeInto('own', 'own')).toBe('EPERM');
        expect(await target.encodeInto('own', '', mount, AT_EMPTY_PATH)).toBe('EPERM');
      }
      const requests = await scene.requests(target, 12);
      expect(requests.map(({ reason }) => reason)).toEqual(Array(12).fill(notVisible));
    });
  }
});
