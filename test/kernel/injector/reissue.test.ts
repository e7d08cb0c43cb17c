import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { reissueCode } from '../../../core/injector/reissue-protocol.js';
import { injectorSuite } from './support/availability.js';
import { runLosingSession } from './support/losing.js';
import { openInjector } from './support/session.js';

const rounds = 200;
const { pending, reissued } = reissueCode;

/** Of the first thread, which is in no notified call: T when the whole process has stopped. */
function stateOf(processId: number): string {
  return /^State:\s*(\w)/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1] ?? '';
}

injectorSuite('calls whose record was lost', () => {
  for (const killable of [0, 1]) {
    const wait = killable ? 'killable' : 'plain';
    for (const threads of [1, 8]) {
      it(`are made anew, ${threads} at once, ${rounds} times, ${wait} wait`, async () => {
        const injector = await openInjector();
        const leader = threads === 1 ? 1 : 0;
        const options = { calls: rounds, threads, killable, leader };
        const { report, results, reported } = await runLosingSession(options, injector);
        expect(report).toMatchObject({ right: rounds * threads, wrong: 0, first: '', errors: {} });
        expect(report?.after).toBe(report?.before);
        expect(results).toHaveLength(rounds);
        const codes = results.flatMap((result) => (typeof result === 'number' ? [result] : result.codes));
        expect(codes).toHaveLength(rounds * threads);
        // On a busy machine a thread may not get the processor in time to stop: it is let go when it does.
        expect(codes.filter((code) => code !== pending && code !== reissued)).toEqual([]);
        expect(codes).toContain(reissued);
        const ended = results.map((result) => (typeof result === 'number' ? -1 : result.endedWaits));
        if (killable) expect(new Set(ended)).toEqual(new Set([threads]));
        expect(reported).toBe(0);
        await injector.close();
      }, 60_000);
    }

    it(`are made anew while the target is stopped by SIGSTOP, which stays so, ${wait} wait`, async () => {
      const injector = await openInjector();
      const states: string[] = [];
      const options = { calls: 10, threads: 4, killable };
      const { report, results } = await runLosingSession(options, injector, {
        reissueBy: async (ask, { processId }) => {
          process.kill(processId, 'SIGSTOP');
          await setTimeout(20);
          await ask();
          await setTimeout(20);
          states.push(stateOf(processId));
          process.kill(processId, 'SIGCONT');
        },
      });
      await injector.close();
      expect(results).toHaveLength(10);
      expect(states).toEqual(Array(10).fill('T'));
      expect(report).toMatchObject({ right: 40, wrong: 0, first: '', errors: {} });
    });

    it(`are made anew in a rain of signals, none of them lost, ${wait} wait`, async () => {
      const injector = await openInjector();
      const options = { calls: rounds, threads: 8, killable, rain: 300 };
      const { report, reported } = await runLosingSession(options, injector);
      expect(report).toMatchObject({ right: rounds * 8, wrong: 0, first: '', lost: 0, errors: {} });
      expect(report?.sent).toBeGreaterThan(50);
      expect(report?.handled).toBe(report?.sent);
      expect(reported).toBe(0);
      await injector.close();
    }, 60_000);
  }
});
