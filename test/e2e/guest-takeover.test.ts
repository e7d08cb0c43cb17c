import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AgentTree, sleep, until } from '../kernel/takeover/support/agent-tree.js';
import { startAgentProcess } from '../lab/agent-process.js';
import { missingLabParts } from '../lab/lab-status.js';
import { runGuestWorkload } from '../lab/run-guest-workload.js';
import { takeoverCheckNames, takeoverWorkload } from '../lab/takeover-workload.js';
import { describeWhen, isLong } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';

const kills = isLong ? 20 : 5;
const files = isLong ? 500 : 150;
const policies = isLong ? (['fast', 'exact'] as const) : (['fast'] as const);

describeWhen(missingLabParts(), 'a guest whose supervisors are killed', () => {
  for (const opath of policies) {
    const name = `copies a tree of ${files} files through ${kills} kills, opath ${opath}`;
    test(name, { timeout: 600_000 }, async () => {
      const agent = await startAgentProcess({ policy: { version: 1, defaults: { opath } } });
      const tree = new AgentTree(agent);
      let killed = 0;
      let copying = false;
      let over = false;
      const killing = async (): Promise<void> => {
        await until(() => copying || over, 'the copy', 180_000);
        while (killed < kills && !over) {
          const before = tree.takeOvers.length;
          process.kill(tree.active, 'SIGKILL');
          killed++;
          await tree.takenOver(before);
          await sleep(200 + Math.random() * 400);
        }
      };
      const killer = killing();
      try {
        const result = await runGuestWorkload({
          runtime: 'crun',
          agentSocket: agent.socketPath,
          workload: takeoverWorkload(files),
          deadlineMs: 400_000,
          onGuestLine: (line) => {
            if (line.includes('COPYING')) copying = true;
          },
          // The guest goes on copying until it is told that it is enough.
          onVirtiofsd: (virtiofsd) => void tellWhen(() => killed >= kills, virtiofsd.shareDirectory),
        });
        over = true;
        await killer;
        for (const check of takeoverCheckNames) expect(result.checks.get(check), check).toBe('ok');
        expect(result.guest).toMatchObject({ status: 0, timedOut: false, complete: true });
        expect(complaintsOf(result.virtiofsdLog)).toEqual([]);
        expect(killed).toBe(kills);
        const rounds = result.guest.lines.filter((line) => line.includes('ROUND')).length;
        const replayed = replayStateDirectory(agent.stateDirectory);
        console.log(
          `opath ${opath}: ${killed} kills, ${rounds} rounds of ${files} files, requests`,
          replayed.states,
        );
      } finally {
        over = true;
        await killer.catch(() => undefined);
        expect(await agent.stop()).toBe(0);
      }
    });
  }
});

/** What it says of its limit of open files at its start is the machine's. */
function complaintsOf(log: readonly string[]): string[] {
  return log.filter((line) => /error|warn|panic/i.test(line) && !line.includes('virtiofsd::limits'));
}

async function tellWhen(isEnough: () => boolean, share: string): Promise<void> {
  await until(isEnough, 'the last kill', 400_000).catch(() => undefined);
  writeFileSync(join(share, 'enough'), '');
}
