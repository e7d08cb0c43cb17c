import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { TrapTarget } from '../support/trap-target.js';
import { nr } from '../support/trap-thread.js';
import { AgentTree, sleep } from './support/agent-tree.js';

const rounds = 10;
/** Less than what makes the keeper take a supervisor for dead. */
const stoppedMs = 80;

describeWhen(missingForKernel(), 'a container that no strategy serves', () => {
  let agent: AgentProcess;
  let tree: AgentTree;
  beforeAll(async () => {
    const policy = { version: 1, defaults: { strategies: ['sidecar-caps'] } };
    agent = await startAgentProcess({ policy });
    chmodSync(agent.directory, 0o755);
    tree = new AgentTree(agent);
    await tree.hasStandby();
  }, 60_000);
  afterAll(() => agent.stop());

  test('is told so, also when a standby was busy as its listener came and went', async () => {
    for (let round = 0; round < rounds; round++) {
      // One that was taken for dead, where the machine is slow, has a successor soon.
      await tree.hasStandby();
      const [standby] = tree.others;
      process.kill(standby as number, 'SIGSTOP');
      const target = TrapTarget.start('/');
      await target.must('alloc handle 4096');
      await target.confine({ socketPath: agent.socketPath, container: `refused-${round}` });
      await sleep(stoppedMs);
      continueIfThere(standby as number);
      expect(await target.call(nr.open_by_handle_at, -1, '$handle', 0)).toBe('ENOSYS');
      await target.end();
    }
  });
});

function continueIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // The keeper took it for dead, and the next one is asked in its place.
  }
}
