import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { SteadyTarget } from './support/steady-target.js';

const rounds = isLong ? 100 : 6;
/** Four segments: an epoch begins with one, and a supervisor that dies young has published none. */
const journalBytes = 4 * 4_268_032;

describeWhen(missingForKernel(), 'supervisors that die faster than the journal is let go', () => {
  test('every one of them serves, and nothing is lost', { timeout: isLong ? 600_000 : 90_000 }, async () => {
    const made = makeShare();
    const agent = await startAgentProcess({
      arguments: ['--journal-bytes', `${journalBytes}`, '--journal-retention-ms', '2000'],
    });
    chmodSync(agent.directory, 0o755);
    const tree = new AgentTree(agent);
    const target = await SteadyTarget.start({
      program: compileTarget('steady'),
      socketPath: agent.socketPath,
      share: made.share,
      flavour: 'plain',
    });
    await tree.hasStandby();
    for (let round = 0; round < rounds; round++) {
      const before = tree.takeOvers.length;
      const { calls } = await target.mark();
      process.kill(tree.active, 'SIGKILL');
      await tree.takenOver(before);
      await sleep(50);
      let report = await target.mark();
      const start = performance.now();
      for (; report.calls <= calls + 8; report = await target.mark()) {
        if (performance.now() - start > 20_000) break;
        await sleep(10);
      }
      expect(report.calls, `calls after kill ${round}`).toBeGreaterThan(calls + 8);
    }
    const end = await target.end();
    expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
    await until(() => agent.status().targets.every(({ state }) => state === 'released'), 'the end');
    expect(await agent.stop()).toBe(0);
    rmSync(made.directory, { recursive: true, force: true });
  });
});
