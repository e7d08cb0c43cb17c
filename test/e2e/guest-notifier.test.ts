import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../kernel/takeover/support/agent-tree.js';
import { sleep } from '../lab/child.js';
import { missingLabParts } from '../lab/lab-status.js';
import { type GuestWorkloadResult, runGuestWorkload } from '../lab/run-guest-workload.js';
import { takeoverCheckNames, takeoverWorkload } from '../lab/takeover-workload.js';
import { type LabNotifier, startWrappedVirtiofsd } from '../lab/wrapped-virtiofsd.js';
import { describeWhen, isLong } from '../support/describe-when.js';

const kills = 100;
const files = 300;

function expectWell({ guest, virtiofsdLog }: GuestWorkloadResult): void {
  expect(guest).toMatchObject({ status: 0, timedOut: false, complete: true });
  const complaints = virtiofsdLog.filter((line) => /error|warn|panic/i.test(line));
  // What it says of its limit of open files at its start is the machine's.
  expect(complaints.filter((line) => !line.includes('virtiofsd::limits'))).toEqual([]);
}

describeWhen(missingLabParts(), 'a guest whose virtiofsd a sidecar answers', () => {
  test('has the whole workload right, with virtiofsd as it is', { timeout: 300_000 }, async () => {
    let sidecar: LabNotifier | undefined;
    const result = await runGuestWorkload({
      runtime: 'crun',
      start: async (options) => {
        const started = await startWrappedVirtiofsd(options);
        sidecar = started.sidecar;
        return started.virtiofsd;
      },
    }).finally(() => sidecar?.remove());
    const wrong = [...result.checks].filter(([, verdict]) => verdict !== 'ok');
    expect(wrong).toEqual([]);
    expectWell(result);
  });

  test.skipIf(!isLong)(
    `sees no error while the sidecar's container is killed ${kills} times`,
    {
      timeout: 1_500_000,
    },
    async () => {
      let sidecar: LabNotifier | undefined;
      let copying = false;
      let over = false;
      let killed = 0;
      const awayMs: number[] = [];
      let share = '';
      const killing = async (): Promise<void> => {
        await until(() => copying || over, 'the copy', 300_000);
        while (killed < kills && !over) {
          const killedAt = performance.now();
          await sidecar?.remove();
          await sidecar?.start();
          awayMs.push(performance.now() - killedAt);
          killed++;
          // Under load again before the next.
          await sleep(200 + Math.random() * 400);
        }
        // The guest goes on copying until it is told that it is enough.
        writeFileSync(join(share, 'enough'), '');
      };
      const killer = killing();
      // Awaited below; until then its failure is nobody's.
      killer.catch(() => undefined);
      try {
        const result = await runGuestWorkload({
          runtime: 'crun',
          workload: takeoverWorkload(files),
          deadlineMs: 1_200_000,
          start: async (options) => {
            const started = await startWrappedVirtiofsd(options);
            sidecar = started.sidecar;
            share = started.virtiofsd.shareDirectory;
            return started.virtiofsd;
          },
          onGuestLine: (line) => {
            if (line.includes('COPYING')) copying = true;
          },
        });
        over = true;
        await killer;
        for (const check of takeoverCheckNames) expect(result.checks.get(check), check).toBe('ok');
        expectWell(result);
        expect(killed).toBe(kills);
        const rounds = result.guest.lines.filter((line) => line.includes('ROUND')).length;
        awayMs.sort((a, b) => a - b);
        const away = [awayMs[kills >> 1], awayMs.at(-1)].map((ms = 0) => (ms / 1000).toFixed(2));
        console.log(
          `${killed} kills of the container, ${rounds} rounds of ${files} files; ` +
            `away: median ${away.join(' s, max ')} s`,
        );
      } finally {
        over = true;
        await killer.catch(() => undefined);
        await sidecar?.remove();
      }
    },
  );
});
