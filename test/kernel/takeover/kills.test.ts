import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type AgentProcess, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { replayInSimulator } from '../../support/replay-in-simulator.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { historyOf } from './support/history.js';
import { SteadyTarget } from './support/steady-target.js';

const killsEach = isLong ? 250 : 13;
const longestPauseMs = isLong ? 250 : 150;
const variants = [
  { flavour: 'plain', exactEvery: 0, opath: 'fast' },
  { flavour: 'killable', exactEvery: 0, opath: 'fast' },
  { flavour: 'plain', exactEvery: 3, opath: 'exact' },
  { flavour: 'killable', exactEvery: 3, opath: 'exact' },
] as const;

/** What is killed, drawn by chance: mostly the one that serves. */
function victims(tree: AgentTree): { what: string; pids: number[] } {
  const draw = Math.random();
  if (draw < 0.7) return { what: 'active', pids: [tree.active] };
  if (draw < 0.85) return { what: 'standby', pids: tree.others };
  return { what: 'both', pids: tree.supervisors };
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It was about to end already.
    }
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

describeWhen(missingForKernel(), 'supervisors that are killed at random', () => {
  for (const { flavour, exactEvery, opath } of variants) {
    const name = `${killsEach} kills, ${flavour} wait, opath ${opath}: every call is right`;
    test(name, { timeout: isLong ? 1_200_000 : 180_000 }, async () => {
      const made = makeShare();
      const agent: AgentProcess = await startAgentProcess({
        policy: { version: 1, defaults: { opath } },
        // Each take-over begins two segments: hundreds within minutes would reach the journal's bound.
        arguments: ['--journal-retention-ms', '2000'],
      });
      chmodSync(agent.directory, 0o755);
      const tree = new AgentTree(agent);
      const { socketPath } = agent;
      const program = compileTarget('steady');
      const target = await SteadyTarget.start({
        program,
        socketPath,
        share: made.share,
        flavour,
        exactEvery,
      });
      await tree.hasStandby();
      const counts: Record<string, number> = {};
      const stallsUs: number[] = [];
      for (let round = 0; round < killsEach; round++) {
        const { what, pids } = victims(tree);
        const before = tree.takeOvers.length;
        await target.mark();
        kill(pids);
        counts[what] = (counts[what] ?? 0) + 1;
        if (what !== 'standby') await tree.takenOver(before);
        await sleep(20 + Math.random() * longestPauseMs);
        const { longestUs, wrong } = await target.mark();
        expect(wrong, `after killing ${what} in round ${round}`).toBe(0);
        if (what === 'active') stallsUs.push(longestUs);
      }
      const end = await target.end();
      expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
      expect(end.descriptors).toBe(target.started.descriptors);
      expect(end.hung).toBeUndefined();
      await agent.stop();
      console.log(
        `${flavour}, opath ${opath}: ${end.calls} calls, ${end.wrong} wrong, killed`,
        counts,
        `longest stall by kill of the active one: median ${(median(stallsUs) / 1_000).toFixed(1)} ms, ` +
          `max ${(Math.max(...stallsUs) / 1_000).toFixed(1)} ms`,
      );
      rmSync(made.directory, { recursive: true, force: true });
    });
  }

  test('what they left is one history: legal, without gaps, each request once', {
    timeout: 120_000,
  }, async () => {
    const made = makeShare();
    const agent = await startAgentProcess({ directory: made.directory });
    chmodSync(made.directory, 0o755);
    const tree = new AgentTree(agent);
    const { socketPath, stateDirectory } = agent;
    const program = compileTarget('steady');
    const target = await SteadyTarget.start({
      program,
      socketPath,
      share: made.share,
      flavour: 'killable',
      exactEvery: 7,
    });
    const rounds = isLong ? 40 : 5;
    await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
    for (let round = 0; round < rounds; round++) {
      const before = tree.takeOvers.length;
      kill([tree.active]);
      await tree.takenOver(before);
      await sleep(50 + Math.random() * 300);
    }
    const end = await target.end();
    expect(end).toMatchObject({ wrong: 0 });
    expect(await agent.stop()).toBe(0);
    const history = await historyOf(stateDirectory, 'steady');
    // One that is killed before it could say so leaves no word of its turn.
    expect(history.recoveries).toBeGreaterThan(0);
    expect(history.recoveries).toBeLessThanOrEqual(rounds);
    // open_by_handle_at alone counts as a call there; each has its event.
    expect(history.requests).toBeGreaterThanOrEqual(end.calls);
    expect(history.events.at(-1)?.type).toBe('delegation.released');
    replayStateDirectory(stateDirectory);
    replayInSimulator(stateDirectory);
    console.log(`${end.calls} calls, ${history.requests} requests, recovered:`, history.byRecovery);
    rmSync(made.directory, { recursive: true, force: true });
  });
});
