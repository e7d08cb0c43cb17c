import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { injectorSuite } from './support/availability.js';
import { runSession } from './support/session.js';

const pauseInRecvmsg = { DEPUTY_INJECTOR_PAUSE_AT: '10', DEPUTY_INJECTOR_PAUSE_MS: '60' };

function stateOf(processId: number): string {
  return /^State:\s*(\w)/m.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1] ?? '';
}

injectorSuite('signals and the injector', () => {
  for (const killable of [0, 1]) {
    const wait = killable ? 'killable' : 'plain';
    it(`8 threads, 2,000 calls, none lost of the rain, ${wait} wait`, async () => {
      const { report, ...result } = await runSession({ threads: 8, calls: 250, rain: 300, killable });
      expect(report).toMatchObject({ right: 2000, wrong: 0, first: '', lost: 0, errors: {} });
      expect(report?.sent).toBeGreaterThan(50);
      expect(report?.handled).toBe(report?.sent);
      expect(report?.after).toBe(report?.before);
      expect(result.descriptorsAfter).toBe(result.descriptorsBefore);
    }, 60_000);

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
