import { expect, it } from 'vitest';
import { subStep } from '../../../adapters/injector/sub-steps.js';
import { injectorSuite } from './support/availability.js';
import { openInjector, runSession } from './support/session.js';

const inWindow = [
  `${subStep.openWindow}:after`,
  `${subStep.prepareScratch}:before`,
  `${subStep.receive}:before`,
  `${subStep.receive}:after`,
  `${subStep.renumber}:before`,
  `${subStep.renumber}:after`,
  `${subStep.closeReceived}:after`,
  `${subStep.restore}:before`,
];
const outside = [
  `${subStep.queue}:before`,
  `${subStep.attach}:after`,
  `${subStep.addSocket}:after`,
  `${subStep.interrupt}:after`,
  `${subStep.verify}:before`,
];

injectorSuite('the injector dies', () => {
  for (const killable of [0, 1]) {
    for (const point of inWindow) {
      it(`at ${point}: the target dies with it, ${killable ? 'killable' : 'plain'} wait`, async () => {
        const { ended, report } = await runSession(
          { calls: 10, killable },
          { hooks: { DEPUTY_INJECTOR_CRASH_AT: point } },
        );
        expect(report).toBeUndefined();
        expect(ended.signal).toBe('SIGKILL');
      });
    }

    for (const point of outside) {
      const leavesSocket = Number.parseInt(point, 10) >= subStep.addSocket;
      it(`at ${point}: the call is still to be had, ${killable ? 'killable' : 'plain'} wait`, async () => {
        const injector = await openInjector({ DEPUTY_INJECTOR_CRASH_AT: point });
        const successor = await openInjector();
        const { report } = await runSession({ calls: 10, killable }, { injector, successor });
        await Promise.all([injector.close(), successor.close()]);
        expect(report?.errors).toEqual({});
        // Between ADDFD and the window, a socket that nobody holds the other end of stays behind in the table,
        // and the call that is made again gets the next number: documented, and better than a dead target.
        const left = (report?.after ?? 0) - (report?.before ?? 0);
        expect(left).toBe(leavesSocket ? 1 : 0);
        expect(report?.right).toBe(leavesSocket ? 9 : 10);
        if (leavesSocket) expect(report?.first).toMatch(/lowest/);
      });
    }

    it(`after ${subStep.restore}: the call has its result, ${killable ? 'killable' : 'plain'} wait`, async () => {
      const injector = await openInjector({ DEPUTY_INJECTOR_CRASH_AT: `${subStep.restore}:after` });
      const successor = await openInjector();
      const { report } = await runSession({ calls: 10, killable }, { injector, successor });
      await Promise.all([injector.close(), successor.close()]);
      expect(report).toMatchObject({ right: 10, wrong: 0, errors: {} });
    });
  }
});
