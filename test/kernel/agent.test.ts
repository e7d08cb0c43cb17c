import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, runDeputy, startAgentProcess } from '../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { compileTarget } from './support/compile.js';
import { descriptorsOf, resourcesOf } from './support/process-resources.js';
import { makeShare } from './support/share.js';
import { AgentTree } from './takeover/support/agent-tree.js';

/** How a runtime may hand over its listener, what the target then gets, and what the agent logs. */
const forms = [
  { form: 'whole', target: 'open: ok', code: undefined },
  { form: 'pieces', target: 'open: ok', code: undefined },
  { form: 'long', target: 'open: ok', code: undefined },
  { form: 'toolong', target: 'open: ENOSYS', code: 'DEPUTY_E_RUNTIME_MESSAGE_TOO_LONG' },
  { form: 'garbage', target: 'open: ENOSYS', code: 'DEPUTY_E_RUNTIME_MESSAGE_INVALID' },
  { form: 'silent', target: 'open: ENOSYS', code: 'DEPUTY_E_RUNTIME_MESSAGE_INVALID' },
  { form: 'nodescriptor', target: 'open: ENOSYS', code: 'DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER' },
  { form: 'nofds', target: 'open: ENOSYS', code: 'DEPUTY_E_RUNTIME_MESSAGE_NO_LISTENER' },
  { form: 'notlistener', target: 'open: ENOSYS', code: 'DEPUTY_E_LISTENER_INVALID' },
  { form: 'stranger', target: 'connect: EACCES', code: undefined },
] as const;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeWhen(missingForKernel(), 'the agent', () => {
  let agent: AgentProcess;
  let program: string;
  let share: { directory: string; share: string };

  beforeAll(async () => {
    program = compileTarget('handover');
    share = makeShare();
    agent = await startAgentProcess();
    chmodSync(agent.directory, 0o755);
  }, 60_000);
  afterAll(async () => {
    await agent.stop();
    rmSync(share.directory, { recursive: true });
  });

  function handOver(form: string, container: string): string {
    const words = [form, agent.socketPath, container, share.share];
    return spawnSync(program, words, { encoding: 'utf8', timeout: 20_000 }).stdout.trim();
  }

  for (const { form, target, code } of forms) {
    test(`a message sent as '${form}'`, { timeout: 30_000 }, async () => {
      const logged = agent.log.length;
      expect(handOver(form, `container-${form}`)).toBe(target);
      await sleep(200);
      const codes = agent.log.slice(logged).filter((line) => code !== undefined && line.includes(code));
      expect(codes).toHaveLength(code === undefined ? 0 : 1);
      // Whatever came before, the next container is served.
      expect(handOver('whole', `after-${form}`)).toBe('open: ok');
    });
  }

  test('a user who may reach the socket but is not root is refused by his credentials', async () => {
    chmodSync(agent.socketPath, 0o666);
    expect(handOver('stranger', 'stranger')).toBe('open: ENOSYS');
    chmodSync(agent.socketPath, 0o600);
    await sleep(200);
    expect(agent.log.some((line) => line.includes('DEPUTY_E_PEER_REFUSED'))).toBe(true);
  });

  test('socket and state directory are for root alone', () => {
    expect(statSync(agent.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(agent.stateDirectory).mode & 0o777).toBe(0o700);
  });

  test('a second agent on the same state directory is a coded error', () => {
    const words = ['agent', '--socket', `${agent.socketPath}2`, '--state', agent.stateDirectory];
    const { status, stderr } = runDeputy(words);
    expect(status).toBe(1);
    expect(stderr).toContain('DEPUTY_E_STATE_DIRECTORY_LOCKED');
  });

  test('a second agent on the same socket is a coded error, and the first goes on', () => {
    const words = ['agent', '--socket', agent.socketPath, '--state', `${agent.stateDirectory}2`];
    const { status, stderr } = runDeputy(words);
    expect(status).toBe(1);
    expect(stderr).toContain('DEPUTY_E_SOCKET_IN_USE');
    expect(handOver('whole', 'after-second')).toBe('open: ok');
  });

  test('twenty targets that come and go leave no descriptor and no busy loop', {
    timeout: 60_000,
  }, async () => {
    await sleep(500);
    const before = resourcesOf(agent.pid);
    for (let index = 0; index < 20; index++) expect(handOver('whole', `many-${index}`)).toBe('open: ok');
    await sleep(500);
    const after = resourcesOf(agent.pid);
    expect(after.descriptors, descriptorsOf(agent.pid).join('\n')).toBe(before.descriptors);
    const ticks = (): number => cpuTicks(agent.pid);
    const start = ticks();
    await sleep(1_000);
    // 100 ticks are a second; a loop that spins on a hang-up would use nearly all of them.
    expect(ticks() - start).toBeLessThan(10);
  });

  test('a target that is killed in mid-life is released; its sibling is served', {
    timeout: 30_000,
  }, async () => {
    const words = ['whole', agent.socketPath, 'killed', share.share, 'stay'];
    const child = spawn(program, words, { stdio: 'ignore' });
    const state = (): string | undefined =>
      agent.status().targets.find((one) => one.containerId === 'killed')?.state;
    for (let tries = 0; tries < 50 && state() !== 'active'; tries++) await sleep(100);
    expect(state()).toBe('active');
    child.kill('SIGKILL');
    for (let tries = 0; tries < 50 && state() !== 'released'; tries++) await sleep(100);
    expect(state()).toBe('released');
    expect(handOver('whole', 'sibling')).toBe('open: ok');
  });
});

describeWhen(missingForKernel(), 'an agent of its own', () => {
  test('SIGHUP: a bad policy is refused and the old one stays', { timeout: 60_000 }, async () => {
    const agent = await startAgentProcess({ policy: { version: 1 } });
    writeFileSync(agent.policyPath, '{"version": 1, "defaults": {"opath": "quick"}}');
    agent.kill('SIGHUP');
    for (let tries = 0; tries < 50 && !agent.log.some((line) => line.includes('POLICY_INVALID')); tries++) {
      await sleep(100);
    }
    const refusals = agent.log.filter((line) => line.includes('DEPUTY_E_POLICY_INVALID'));
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain('the new policy is refused; the old one stays');
    // Whoever takes over goes by the old one, too, instead of failing for the file.
    const tree = new AgentTree(agent);
    for (let round = 0; round < 2; round++) {
      await tree.hasStandby();
      const before = tree.takeOvers.length;
      process.kill(tree.active, 'SIGKILL');
      await tree.takenOver(before);
    }
    await tree.hasStandby();
    const roles = agent.status().processes.map(({ role }) => role);
    expect(roles).toEqual(['keeper', 'supervisor', 'supervisor', 'injector']);
    expect(await agent.stop()).toBe(0);
  });

  test('SIGTERM: says how many targets lose it, removes its socket, exits 0', {
    timeout: 60_000,
  }, async () => {
    const directory = makeShare();
    const agent = await startAgentProcess();
    const program = compileTarget('handover');
    const child = spawn(program, ['whole', agent.socketPath, 'left', directory.share, 'stay'], {
      stdio: 'ignore',
    });
    for (let tries = 0; tries < 50 && agent.status().targets.length === 0; tries++) await sleep(100);
    const { socketPath } = agent;
    expect(await agent.stop()).toBe(0);
    expect(existsSync(socketPath)).toBe(false);
    expect(agent.log.some((line) => line.includes('1 live targets will get ENOSYS'))).toBe(true);
    child.kill('SIGKILL');
    rmSync(directory.directory, { recursive: true });
  });

  test('a bad policy file: exit code 2 and the path of the wrong field', () => {
    const { status, stderr } = runDeputy(['policy', 'check', '/nonexistent']);
    expect(status).toBe(2);
    expect(stderr).toContain('DEPUTY_E_POLICY_UNREADABLE');
  });
});

function cpuTicks(pid: number): number {
  const text = spawnSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }).stdout;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
