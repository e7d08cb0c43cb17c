import { expect, it } from 'vitest';
import { createScoreboard } from '../../../adapters/injector/scoreboard.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { subStep } from '../../../core/injector/sub-steps.js';
import { injectorSuite } from './support/availability.js';
import { openInjector, runSession, type TestInjector } from './support/session.js';

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

    // Before the window the target is as it was, but for a socket that the scoreboard tells the successor
    // about.
    for (const point of [...outside, `${subStep.restore}:after`]) {
      it(`at ${point}: the successor puts it right, ${killable ? 'killable' : 'plain'} wait`, async () => {
        const scoreboard = createScoreboard();
        const injector = await openInjector({ DEPUTY_INJECTOR_CRASH_AT: point }, [], scoreboard);
        // Started after the first has ended, as a keeper does.
        const successor = async (): Promise<TestInjector> => openInjector({}, [], scoreboard);
        const { report, closeSuccessor } = await runSession({ calls: 10, killable }, { injector, successor });
        await Promise.all([injector.close(), closeSuccessor?.()]);
        systemCall('close', scoreboard);
        expect(report).toMatchObject({ right: 10, wrong: 0, first: '', errors: {} });
        expect(report?.after).toBe(report?.before);
      });
    }
  }
});
