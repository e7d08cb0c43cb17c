import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serverUrl } from '../../adapters/nats/embedded-server.js';
import { compileTarget } from '../kernel/support/compile.js';
import { makeShare } from '../kernel/support/share.js';
import { AgentTree, sleep } from '../kernel/takeover/support/agent-tree.js';
import { SteadyTarget } from '../kernel/takeover/support/steady-target.js';
import { runDeputy, startAgentProcess } from '../lab/agent-process.js';
import { missingForNats } from '../lab/nats-server.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { journaledTickets, publishedOf } from './support/published.js';

/** The process of an agent's own server. */
function serverOf(stateDirectory: string): number {
  const address = readFileSync(join(stateDirectory, 'nats', 'address.json'), 'utf8');
  return (JSON.parse(address) as { pid: number }).pid;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describeWhen([...missingForKernel(), ...missingForNats()], "an agent's own nats-server", () => {
  test('outlives supervisors, is started again when it dies, and ends with the agent', {
    timeout: 90_000,
  }, async () => {
    const agent = await startAgentProcess({ arguments: ['--nats', 'embedded', '--node', 'n1'] });
    const tree = new AgentTree(agent);
    const serverId = (): number => serverOf(agent.stateDirectory);
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

  test('goes over to an agent that replaces this one, with all that it has', {
    timeout: 90_000,
  }, async () => {
    const words = ['--nats', 'embedded', '--node', 'n1'];
    const agent = await startAgentProcess({ arguments: words });
    const made = makeShare();
    chmodSync(agent.directory, 0o755);
    const { socketPath, stateDirectory } = agent;
    const program = compileTarget('steady');
    const target = await SteadyTarget.start({ program, socketPath, share: made.share, flavour: 'killable' });
    await expect.poll(() => agent.status().eventStore, { timeout: 20_000 }).toBe('open');
    const before = serverOf(stateDirectory);
    const next = await startAgentProcess({ directory: agent.directory, arguments: [...words, '--replace'] });
    expect(await agent.exited).toBe(0);
    await expect.poll(() => isAlive(serverOf(stateDirectory)), { timeout: 20_000 }).toBe(true);
    expect(serverOf(stateDirectory)).not.toBe(before);
    expect(isAlive(before)).toBe(false);
    await sleep(100);
    expect(await target.end()).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
    await expect.poll(() => next.status().eventStore, { timeout: 30_000 }).toBe('open');
    // All of both is in the one stream, in order.
    await expect
      .poll(async () => (await publishedOf({ url: serverUrl('embedded', stateDirectory) }, 'n1')).tickets, {
        timeout: 30_000,
        interval: 500,
      })
      .toEqual(journaledTickets(stateDirectory));
    const last = serverOf(stateDirectory);
    expect(await next.stop()).toBe(0);
    expect(isAlive(last)).toBe(false);
    for (const path of [agent.directory, made.directory]) rmSync(path, { recursive: true, force: true });
  });

  test('a URL that nobody answers at keeps no agent from starting', { timeout: 60_000 }, async () => {
    const agent = await startAgentProcess({ arguments: ['--nats', 'nats://127.0.0.1:1'] });
    await expect.poll(() => agent.log.join('\n')).toContain('DEPUTY_E_NATS_UNAVAILABLE');
    expect(agent.status().eventStore).toBe('unavailable');
    expect(await agent.stop()).toBe(0);
  });
});
