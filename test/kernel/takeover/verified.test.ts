import { chmodSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { SteadyTarget } from './support/steady-target.js';

const takeOvers = 6;

describeWhen(missingForKernel(), 'the journal that killed supervisors leave', () => {
  test('it is well, while the last one serves and afterwards; repair finds nothing to do', {
    timeout: 180_000,
  }, async () => {
    const made = makeShare();
    const agent = await startAgentProcess({ directory: made.directory });
    chmodSync(made.directory, 0o755);
    const tree = new AgentTree(agent);
    const { socketPath, stateDirectory } = agent;
    const target = await SteadyTarget.start({
      program: compileTarget('steady'),
      socketPath,
      share: made.share,
      flavour: 'killable',
      exactEvery: 5,
    });
    await until(() => agent.status().targets[0]?.state === 'active', 'the delegation');
    for (let round = 0; round < takeOvers; round++) {
      const before = tree.takeOvers.length;
      process.kill(tree.active, 'SIGKILL');
      await tree.takenOver(before);
      await sleep(50 + Math.random() * 300);
    }
    const words = ['--state', stateDirectory, '--json'];
    const during = runDeputy(['journal', 'verify', ...words]);
    expect(JSON.parse(during.stdout)).toMatchObject({ isWell: true, problems: [] });
    expect(during.status).toBe(0);
    const refused = runDeputy(['journal', 'repair', ...words]);
    expect(refused.stderr).toContain('DEPUTY_E_STATE_DIRECTORY_LOCKED');
    expect(refused.status).toBe(1);
    expect(await target.end()).toMatchObject({ wrong: 0 });
    expect(await agent.stop()).toBe(0);

    const { status, stdout } = runDeputy(['journal', 'verify', ...words]);
    const { isWell, problems, checked } = JSON.parse(stdout);
    expect(problems).toEqual([]);
    expect(isWell).toBe(true);
    expect(status).toBe(0);
    // All that was left unfinished was taken over, and finished by somebody.
    expect(checked).toMatchObject({ open: 0, damaged: 0 });
    expect(checked.segments).toBeGreaterThan(takeOvers);
    const inspected = runDeputy(['journal', 'inspect', ...words, '--records']);
    expect(inspected.status).toBe(0);
    const superseded = inspected.stdout.split('\n').filter((line) => line.includes('"superseded":true'));
    expect(superseded).toHaveLength(checked.superseded);
    const repaired = runDeputy(['journal', 'repair', ...words]);
    expect(JSON.parse(repaired.stdout)).toMatchObject({ actions: [], lost: [] });
    console.log('after', takeOvers, 'take-overs:', checked);
    rmSync(made.directory, { recursive: true, force: true });
  });
});
