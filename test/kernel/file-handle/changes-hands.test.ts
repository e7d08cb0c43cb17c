import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { askAgent } from '../../../adapters/cli/ask-agent.js';
import { type AgentStatus, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep } from '../takeover/support/agent-tree.js';
import { historyOf } from '../takeover/support/history.js';
import { SteadyTarget } from '../takeover/support/steady-target.js';

const policyOf = (...strategies: string[]) => ({ version: 1, defaults: { strategies } });

const patienceMs = 30_000;
const lookEveryMs = 20;

/** How long after the policy was changed the supervisor is killed; not at all in the first round. */
const killsAfterMs = [undefined, ...Array.from({ length: isLong ? 40 : 1 }, (_, round) => (3 + round) % 20)];

/** Waits until the agent's status is so. Asked in place: a command for each look would cost more than the test. */
async function says(stateDirectory: string, what: string, holds: (status: AgentStatus) => boolean) {
  const end = performance.now() + patienceMs;
  for (;;) {
    // While one supervisor follows the other there may be no answer.
    const status = (await askAgent(stateDirectory, 'status').catch(() => undefined)) as
      | AgentStatus
      | undefined;
    if (status !== undefined && holds(status)) return;
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(lookEveryMs);
  }
}

describeWhen(
  missingForKernel(),
  'a strategy that takes the place of another one while the target runs',
  () => {
    test('under load, and with the supervisor killed right after: every call is right', {
      timeout: 180_000,
    }, async () => {
      const made = makeShare();
      const policy = policyOf('file-handle', 'seccomp-notify');
      const agent = await startAgentProcess({ policy, directory: made.directory });
      chmodSync(made.directory, 0o755);
      const tree = new AgentTree(agent);
      const target = await SteadyTarget.start({
        program: compileTarget('steady'),
        socketPath: agent.socketPath,
        share: made.share,
        flavour: 'killable',
        exactEvery: 7,
        // Enough for calls to be in flight at each change, and few enough to be replayed in a moment.
        pauseUs: 2_000,
      });
      const servedBy = (name: string) =>
        says(agent.stateDirectory, name, ({ targets: [served] }) => {
          return served?.state === 'active' && served.strategy === name;
        });
      await servedBy('file-handle');
      const expected: string[] = [];
      for (const [round, afterMs] of killsAfterMs.entries()) {
        await says(agent.stateDirectory, 'a standby', ({ processes }) =>
          processes.some(({ role, state }) => role === 'supervisor' && state === 'standby'),
        );
        const before = tree.takeOvers.length;
        const next = round % 2 === 0 ? 'seccomp-notify' : 'file-handle';
        expected.push(next);
        writeFileSync(agent.policyPath, JSON.stringify(policyOf(next)));
        agent.kill('SIGHUP');
        if (afterMs !== undefined) {
          await sleep(afterMs);
          process.kill(tree.active, 'SIGKILL');
          await tree.takenOver(before);
        }
        await servedBy(next);
        expect((await target.mark()).wrong, `round ${round}`).toBe(0);
      }
      const end = await target.end();
      expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
      expect(end.descriptors).toBe(target.started.descriptors);
      expect(await agent.stop()).toBe(0);
      // One delegation, on a legal path, and each of its requests once.
      const { events, requests } = await historyOf(agent.stateDirectory, 'steady');
      expect(requests).toBeGreaterThanOrEqual(end.calls);
      const changes = events.filter(({ type }) => type === 'delegation.fellback').map(({ data }) => data);
      const others = { 'file-handle': 'seccomp-notify', 'seccomp-notify': 'file-handle' };
      for (const change of changes) {
        const { from, to } = change as { from: keyof typeof others; to: string };
        expect(change).toMatchObject({ to: others[from], code: 'DEPUTY_E_STRATEGY_FORBIDDEN' });
        expect(expected).toContain(to);
      }
      // One that was told, and of which the keeper had not heard yet, is told again by whoever comes next.
      const told = changes.map((change) => (change as { to: string }).to);
      expect(told.filter((to, index) => to !== told[index - 1])).toEqual(expected);
      expect(events.at(-1)?.type).toBe('delegation.released');
      replayStateDirectory(agent.stateDirectory);
      console.log(
        `${end.calls} calls, ${requests} requests, ${told.length} changes, ${expected.length} wanted`,
      );
      rmSync(made.directory, { recursive: true, force: true });
    });
  },
);
