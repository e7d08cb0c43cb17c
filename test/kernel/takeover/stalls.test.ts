import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { SteadyTarget } from './support/steady-target.js';

const rounds = isLong ? 200 : 3;

/** How a supervisor is prepared for, and what is killed then: always the one that serves. */
const forms = [
  { name: 'with a standby', words: [] },
  { name: 'without one', words: ['--no-standby'] },
] as const;

describeWhen(missingForKernel(), 'the longest wait of a target at a take-over', () => {
  for (const { name, words } of forms) {
    test(`${name}: measured over ${rounds}, every call right`, { timeout: 600_000 }, async () => {
      const made = makeShare();
      const agent = await startAgentProcess({ arguments: words });
      chmodSync(agent.directory, 0o755);
      const tree = new AgentTree(agent);
      const { socketPath } = agent;
      const program = compileTarget('steady');
      const target = await SteadyTarget.start({
        program,
        socketPath,
        share: made.share,
        flavour: 'killable',
        threads: 1,
      });
      await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
      const stallsUs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        if (words.length === 0) await tree.hasStandby();
        await sleep(100);
        const before = tree.takeOvers.length;
        const { calls } = await target.mark();
        process.kill(tree.active, 'SIGKILL');
        await tree.takenOver(before);
        let longestUs = 0;
        for (let tries = 0; tries < 2_000; tries++) {
          const report = await target.mark();
          longestUs = Math.max(longestUs, report.longestUs);
          if (report.calls > calls + 50) break;
          await sleep(1);
        }
        stallsUs.push(longestUs);
      }
      stallsUs.sort((a, b) => a - b);
      expect(await target.end()).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
      await agent.stop();
      const ms = (index: number): string => ((stallsUs[index] ?? 0) / 1_000).toFixed(1);
      console.log(
        `${name}: median ${ms(rounds >> 1)} ms, 90 % ${ms(Math.floor(rounds * 0.9))} ms, max ${ms(rounds - 1)} ms`,
      );
      rmSync(made.directory, { recursive: true, force: true });
    });
  }
});
