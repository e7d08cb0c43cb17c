import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AgentTree } from '../kernel/takeover/support/agent-tree.js';
import { runDeputy, startAgentProcess } from '../lab/agent-process.js';
import { missingForNats } from '../lab/nats-server.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';

describeWhen([...missingForKernel(), ...missingForNats()], "an agent's own nats-server", () => {
  test('outlives supervisors, is started again when it dies, and ends with the agent', {
    timeout: 90_000,
  }, async () => {
    const agent = await startAgentProcess({ arguments: ['--nats', 'embedded', '--node', 'n1'] });
    const tree = new AgentTree(agent);
    const serverId = (): number =>
      (
        JSON.parse(readFileSync(join(agent.stateDirectory, 'nats', 'address.json'), 'utf8')) as {
          pid: number;
        }
      ).pid;
    const isAlive = (pid: number): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(() => agent.status().eventStore, { timeout: 20_000 }).toBe('open');
    const first = serverId();
    const before = tree.takeOvers.length;
    process.kill(tree.active, 'SIGKILL');
    await tree.takenOver(before);
    await expect.poll(() => agent.status().eventStore, { timeout: 20_000 }).toBe('open');
    expect({ pid: serverId(), isAlive: isAlive(first) }).toEqual({ pid: first, isAlive: true });
    process.kill(first, 'SIGKILL');
    await expect.poll(() => serverId() !== first && isAlive(serverId()), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => agent.status().eventStore, { timeout: 20_000 }).toBe('open');
    const status = runDeputy(['status', '--state', agent.stateDirectory]);
    expect(status.stdout).toMatch(
      /stream deputy-n1 at nats:\/\/127\.0\.0\.1:\d+|stream deputy-n1 at embedded/,
    );
    const last = serverId();
    expect(await agent.stop()).toBe(0);
    expect(isAlive(last)).toBe(false);
  });

  test('a URL that nobody answers at keeps no agent from starting', { timeout: 60_000 }, async () => {
    const agent = await startAgentProcess({ arguments: ['--nats', 'nats://127.0.0.1:1'] });
    await expect.poll(() => agent.log.join('\n')).toContain('DEPUTY_E_NATS_UNAVAILABLE');
    expect(agent.status().eventStore).toBe('unavailable');
    expect(await agent.stop()).toBe(0);
  });
});
