import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createScoreboard } from '../../../adapters/injector/scoreboard.js';
import { systemCall } from '../../../adapters/linux/native.js';
import { subStep } from '../../../core/injector/sub-steps.js';
import { injectorSuite } from './support/availability.js';
import { runLosingSession } from './support/losing.js';
import { openInjector, type TestInjector } from './support/session.js';

const points = [
  `${subStep.seizeBlocked}:before`,
  `${subStep.seizeBlocked}:after`,
  `${subStep.interruptBlocked}:after`,
  `${subStep.endWaits}:before`,
  `${subStep.endWaits}:after`,
  `${subStep.letRestart}:before`,
  `${subStep.letRestart}:after`,
];
const EPIPE = -32;

injectorSuite('the injector dies while it has calls made anew', () => {
  for (const killable of [0, 1]) {
    for (const point of points) {
      it(`at ${point}: nothing is lost, ${killable ? 'killable' : 'plain'} wait`, async () => {
        const scoreboard = createScoreboard();
        const injector = await openInjector({ DEPUTY_INJECTOR_CRASH_AT: point }, [], scoreboard);
        let died = 0;
        let isReady = (): void => {};
        const ready = new Promise<void>((resolve) => {
          isReady = resolve;
        });
        const { report, closeSuccessor, reported } = await runLosingSession(
          { calls: 10, threads: 8, killable },
          injector,
          {
            successor: async (): Promise<TestInjector> => {
              const next = await openInjector({}, [], scoreboard);
              void setTimeout(20).then(isReady);
              return next;
            },
            reissueBy: async (ask) => {
              if (died === 0) {
                expect(await ask(false)).toBe(EPIPE);
                died++;
                await ready;
              }
              // They are named again: what was made anew already has another id.
              await ask();
            },
          },
        );
        await Promise.all([injector.close(), closeSuccessor()]);
        systemCall('close', scoreboard);
        expect(died).toBe(1);
        expect(report).toMatchObject({ right: 80, wrong: 0, first: '', errors: {} });
        expect(report?.after).toBe(report?.before);
        expect(reported).toBe(0);
      });
    }
  }
});
