import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { historyOf } from './support/history.js';
import { SteadyTarget } from './support/steady-target.js';

const rounds = isLong ? 10 : 1;

describeWhen(missingForKernel(), 'an agent that is replaced', () => {
  for (const flavour of ['plain', 'killable'] as const) {
    const name = `${rounds} times while calls are in flight, ${flavour} wait: every call is right`;
    test(name, { timeout: 120_000 }, async () => {
      const made = makeShare();
      const directory = mkdtempSync(join(tmpdir(), 'deputy-replace-'));
      let agent = await startAgentProcess({ directory });
      chmodSync(directory, 0o755);
      const { socketPath, stateDirectory } = agent;
      const program = compileTarget('steady');
      const options = { program, socketPath, share: made.share, flavour, exactEvery: 7 };
      const target = await SteadyTarget.start(options);
      await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
      const stallsMs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        await target.mark();
        const next = await startAgentProcess({ directory, arguments: ['--replace'] });
        expect(await agent.exited, 'the replaced one ends well').toBe(0);
        agent = next;
        await sleep(300);
        const { longestUs, wrong } = await target.mark();
        stallsMs.push(Math.round(longestUs / 1_000));
        expect(wrong).toBe(0);
      }
      // Whoever comes later is served on the same socket.
      const late = await SteadyTarget.start({ ...options, container: 'late', threads: 1 });
      await sleep(300);
      expect(await late.end()).toMatchObject({ wrong: 0 });
      const end = await target.end();
      expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
      expect(end.descriptors).toBe(target.started.descriptors);
      expect(await agent.stop()).toBe(0);
      const { recoveries } = await historyOf(stateDirectory, 'steady');
      expect(recoveries).toBe(rounds);
      console.log(
        `${flavour}: ${end.calls} calls, longest stall of each replacement: ${stallsMs.join(', ')} ms`,
      );
      rmSync(directory, { recursive: true, force: true });
      rmSync(made.directory, { recursive: true, force: true });
    });
  }

  test('a policy that was read again holds after a take-over', { timeout: 60_000 }, async () => {
    const made = makeShare();
    const agent = await startAgentProcess({ policy: { version: 1 } });
    chmodSync(agent.directory, 0o755);
    const tree = new AgentTree(agent);
    const program = compileTarget('handover');
    const open = (container: string): string =>
      spawnSync(program, ['whole', agent.socketPath, container, made.share], { encoding: 'utf8' }).stdout;
    expect(open('before')).toBe('open: ok\n');
    await tree.hasStandby();
    const shares = [{ name: 'other', path: '/nowhere' }];
    writeFileSync(agent.policyPath, JSON.stringify({ version: 1, defaults: { shares } }));
    agent.kill('SIGHUP');
    await until(() => agent.log.some((line) => line.includes('was read again')), 'the policy');
    const before = tree.takeOvers.length;
    process.kill(tree.active, 'SIGKILL');
    await tree.takenOver(before);
    expect(open('after')).toBe('open: EPERM\n');
    expect(await agent.stop()).toBe(0);
    rmSync(made.directory, { recursive: true, force: true });
  });

  test('where there is none, an agent starts as always', { timeout: 60_000 }, async () => {
    const agent = await startAgentProcess({ arguments: ['--replace'] });
    const words = ['agent', '--socket', `${agent.socketPath}2`, '--state', agent.stateDirectory];
    expect(runDeputy(words).stderr).toContain('DEPUTY_E_STATE_DIRECTORY_LOCKED');
    expect(await agent.stop()).toBe(0);
  });
});
