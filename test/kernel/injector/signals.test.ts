import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isLong } from '../../support/describe-when.js';
import { injectorSuite } from './support/availability.js';
import { runSession } from './support/session.js';

const threads = 8;
const callsPerThread = isLong ? 1_250 : 250;
const calls = threads * callsPerThread;
const pauseInRecvmsg = { DEPUTY_INJECTOR_PAUSE_AT: '10', DEPUTY_INJECTOR_PAUSE_MS: '60' };

function stateOf(processId: number): string {
  return /^State:\s*(\w)/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1] ?? '';
}

injectorSuite('signals and the injector', () => {
  for (const killable of [0, 1]) {
    const wait = killable ? 'killable' : 'plain';
    it(`${threads} threads, ${calls} calls, none lost of the rain, ${wait} wait`, async () => {
      const options = { threads, calls: callsPerThread, rain: 300, killable };
      const { report, ...result } = await runSession(options, { limitMs: 240_000 });
      console.log(
        `${wait} wait: ${report?.right} of ${calls} right, ${report?.wrong} wrong;`,
        `signals sent ${report?.sent}, handled ${report?.handled};`,
        `descriptors of the target ${report?.before} before, ${report?.after} after,`,
        `of the injector ${result.descriptorsBefore} and ${result.descriptorsAfter}`,
      );
      expect(report).toMatchObject({ right: calls, wrong: 0, first: '', lost: 0, errors: {} });
      expect(report?.sent).toBeGreaterThan(50);
      expect(report?.handled).toBe(report?.sent);
      expect(report?.after).toBe(report?.before);
      expect(result.descriptorsAfter).toBe(result.descriptorsBefore);
    }, 300_000);

    it(`SIGSTOP inside the window takes effect afterwards, and SIGCONT ends it, ${wait} wait`, async () => {
      let stopped = 0;
      const { report } = await runSession(
        { calls: 12, threads: 2, killable },
        {
          hooks: pauseInRecvmsg,
          meanwhile: async ({ processId }) => {
            for (let round = 0; round < 4; round++) {
              await setTimeout(30 + round * 15);
              process.kill(processId, 'SIGSTOP');
              await setTimeout(200);
              if (stateOf(processId) === 'T') stopped++;
              process.kill(processId, 'SIGCONT');
            }
          },
        },
      );
      expect(stopped).toBe(4);
      expect(report).toMatchObject({ right: 24, wrong: 0, first: '', errors: {} });
    });
  }

  it('SIGKILL inside the window is reported, and nothing is left traced', async () => {
    for (const killable of [0, 1]) {
      const { ended, counts } = await runSession(
        { calls: 1000, killable },
        {
          hooks: pauseInRecvmsg,
          meanwhile: async ({ processId }) => {
            await setTimeout(100);
            process.kill(processId, 'SIGKILL');
          },
        },
      );
      expect(ended.signal).toBe('SIGKILL');
      // 4 when it died between two sub-steps of the window, 2 when it died outside.
      expect((counts.outcomes[4] ?? 0) + (counts.outcomes[2] ?? 0)).toBe(1);
    }
  });
});
