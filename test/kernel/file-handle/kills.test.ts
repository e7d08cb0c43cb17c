import { chmodSync, chownSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from '../takeover/support/agent-tree.js';
import { historyOf } from '../takeover/support/history.js';
import { SteadyTarget } from '../takeover/support/steady-target.js';

const kills = isLong ? 100 : 5;
const policy = { version: 1, defaults: { strategies: ['file-handle'] } };

/** The kernel opens directories in a user namespace of the target's own; or all opens come to deputy. */
const forms = [
  { name: 'directories by the kernel', native: true, long: false },
  { name: 'every open through the notifier', native: false, long: true },
] as const;

describeWhen(missingForKernel(), 'supervisors of file-handle delegations that are killed', () => {
  for (const { name, native } of forms.filter(({ long }) => isLong || !long)) {
    test(`${kills} kills under load, ${name}: every call is right`, { timeout: 180_000 }, async () => {
      const made = makeShare();
      // The kernel opens what belongs to ids that are mapped; of this target that is root alone.
      if (native) chownSync(made.share, 0, 0);
      const agent = await startAgentProcess({ policy, directory: made.directory });
      chmodSync(made.directory, 0o755);
      const tree = new AgentTree(agent);
      const target = await SteadyTarget.start({
        program: compileTarget('steady'),
        socketPath: agent.socketPath,
        share: made.share,
        flavour: 'killable',
        exactEvery: 7,
        // Enough for calls to be in flight at each kill, and few enough to be replayed in a moment.
        pauseUs: isLong ? 0 : 2_000,
        native,
      });
      await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
      await tree.hasStandby();
      for (let round = 0; round < kills; round++) {
        const before = tree.takeOvers.length;
        process.kill(tree.active, 'SIGKILL');
        await tree.takenOver(before);
        await sleep(20 + Math.random() * 150);
        expect((await target.mark()).wrong, `round ${round}`).toBe(0);
      }
      const end = await target.end();
      expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
      expect(end.descriptors).toBe(target.started.descriptors);
      expect(await agent.stop()).toBe(0);
      const { events, requests } = await historyOf(agent.stateDirectory, 'steady');
      expect(events.find(({ type }) => type === 'delegation.assessed')?.data).toMatchObject({
        chosen: 'file-handle',
      });
      expect(events.at(-1)?.type).toBe('delegation.released');
      // What the kernel opened is in the target's count, and in no record.
      if (native) expect(requests).toBeLessThan(end.calls * 1.2);
      else expect(requests).toBeGreaterThanOrEqual(end.calls);
      replayStateDirectory(agent.stateDirectory);
      console.log(`${name}: ${end.calls} calls, ${requests} requests, ${kills} kills, ${end.wrong} wrong`);
      rmSync(made.directory, { recursive: true, force: true });
    });
  }
});
