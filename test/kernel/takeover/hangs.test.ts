import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type AgentProcess, type AgentProcessOptions, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeShare } from '../support/share.js';
import { StalledFiles } from '../support/stalled-files.js';
import { missingForStall, stalledTarget } from '../support/stalled-target.js';
import { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';
import { unsealed } from '../support/unsealed.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { isDead, tableOf } from './support/crash-stage.js';
import { type SteadyOptions, SteadyTarget } from './support/steady-target.js';

const rounds = isLong ? 20 : 1;
const timeout = isLong ? 600_000 : 120_000;
/** What a target does between two looks at it. */
const goesOnMs = 300;
const patienceMs = 15_000;
const endings: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
}, 60_000);

interface Stage {
  readonly agent: AgentProcess;
  readonly tree: AgentTree;
  readonly share: string;
  steady(options?: Partial<SteadyOptions>): Promise<SteadyTarget>;
  trap(): TrapTarget;
}

async function openStage(options: AgentProcessOptions = {}): Promise<Stage> {
  const made = makeShare();
  endings.push(() => rmSync(made.directory, { recursive: true, force: true }));
  const agent = await startAgentProcess(options);
  endings.push(() => agent.stop());
  chmodSync(agent.directory, 0o755);
  const { socketPath } = agent;
  const { share } = made;
  return {
    agent,
    tree: new AgentTree(agent),
    share,
    async steady(more = {}) {
      const program = compileTarget('steady');
      const target = await SteadyTarget.start({ program, socketPath, share, flavour: 'plain', ...more });
      endings.push(() => target.process.end());
      await until(() => isServed(agent, more.container ?? 'steady'), 'the delegation');
      await target.mark();
      return target;
    },
    trap() {
      const target = TrapTarget.start(share);
      endings.push(() => target.end());
      return target;
    },
  };
}

function isServed(agent: AgentProcess, container: string): boolean {
  return agent.status().targets.some((one) => one.containerId === container && one.state === 'active');
}

/** That it goes on, rightly: its longest stall since the last look, in milliseconds. */
async function goesOn(target: SteadyTarget, what: string): Promise<number> {
  const { calls, longestUs } = await target.mark();
  let after = { calls, longestUs, wrong: 0 };
  let longest = longestUs;
  const end = performance.now() + patienceMs;
  while (after.calls === calls && performance.now() < end) {
    await sleep(goesOnMs);
    after = await target.mark();
    longest = Math.max(longest, after.longestUs);
  }
  expect(after.wrong, what).toBe(0);
  expect(after.calls, what).toBeGreaterThan(calls);
  return longest / 1_000;
}

async function endsWell(target: SteadyTarget): Promise<void> {
  const end = await target.end();
  expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0 });
  expect(end.hung).toBeUndefined();
  expect(end.descriptors).toBe(target.started.descriptors);
}

function print(what: string, stallsMs: readonly number[]): void {
  const sorted = [...stallsMs].sort((a, b) => a - b);
  const figure = (value: number | undefined): string => `${(value ?? 0).toFixed(1)} ms`;
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(`${what}: longest stall, median ${figure(median)}, max ${figure(sorted.at(-1))}`);
}

describeWhen(missingForKernel(), 'a supervisor that hangs', () => {
  test('stopped by SIGSTOP, it is killed and replaced', { timeout }, async () => {
    const stage = await openStage();
    const first = await stage.steady({ container: 'first' });
    const second = await stage.steady({ container: 'second', flavour: 'killable', exactEvery: 5 });
    const stalls: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await stage.tree.hasStandby();
      const { active } = stage.tree;
      const before = stage.tree.takeOvers.length;
      process.kill(active, 'SIGSTOP');
      await stage.tree.takenOver(before);
      for (const target of [first, second]) stalls.push(await goesOn(target, `round ${round}`));
      await until(() => isDead(active), 'the end of the one that was stopped');
    }
    await endsWell(first);
    await endsWell(second);
    print('the active supervisor stopped', stalls);
  });
});

describeWhen(missingForStall(), 'a supervisor that a target keeps in the kernel', () => {
  test('serves the others, and so does its successor', { timeout }, async () => {
    const stage = await openStage({ policy: unsealed });
    const files = await StalledFiles.mount();
    endings.push(() => files.close());
    const other = await stage.steady({ container: 'other', exactEvery: 5 });
    const trap = stage.trap();
    const stalled = await stalledTarget(trap, files, 0, (target) =>
      target.confine({ socketPath: stage.agent.socketPath, flavour: 'killable' }),
    );
    const table = tableOf(trap.pid);
    await stalled.begin();
    const stalls = [await goesOn(other, 'a loop is stuck')];
    for (let round = 0; round < rounds; round++) {
      await stage.tree.hasStandby();
      const before = stage.tree.takeOvers.length;
      process.kill(stage.tree.active, 'SIGKILL');
      await stage.tree.takenOver(before);
      stalls.push(await goesOn(other, `killed while a loop is stuck, round ${round}`));
      const late = stage.trap();
      const mount = await late.open('.', O.RDONLY | O.DIRECTORY);
      await late.confine({ socketPath: stage.agent.socketPath });
      await late.encode('own', 'own');
      expect(await late.openAndDescribe(mount, 'own', O.RDONLY)).toMatchObject({ type: '100000' });
    }
    await files.release();
    const descriptor = await stalled.wait();
    expect(await stalled.thread.describe(descriptor)).toMatchObject({ type: '100000' });
    expect(tableOf(trap.pid)).toHaveLength(table.length + 1);
    await endsWell(other);
    print('killed while a loop is stuck', stalls);
  });
});

describeWhen(missingForKernel(), 'an agent without', () => {
  test('a standby: a cold successor', { timeout }, async () => {
    const stage = await openStage({ arguments: ['--no-standby'] });
    const target = await stage.steady({ exactEvery: 5 });
    const stalls: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = stage.tree.takeOvers.length;
      expect(stage.tree.others).toEqual([]);
      process.kill(stage.tree.active, 'SIGKILL');
      await stage.tree.takenOver(before);
      stalls.push(await goesOn(target, `round ${round}`));
    }
    await endsWell(target);
    print('killed without a standby', stalls);
  });

  test('a keeper: its end is the end of its targets, as others suffer it', { timeout }, async () => {
    const stage = await openStage({ arguments: ['--keeper=off'] });
    const target = stage.trap();
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.confine({ socketPath: stage.agent.socketPath });
    await target.encode('own', 'own');
    expect(await target.openAndDescribe(mount, 'own', O.RDONLY)).toMatchObject({ type: '100000' });
    stage.agent.kill('SIGKILL');
    await stage.agent.exited;
    const seen: Record<string, number> = {};
    for (let call = 0; call < 10; call++) {
      const result = `${await target.openHandle(mount, 'own', O.RDONLY)}`;
      seen[result] = (seen[result] ?? 0) + 1;
    }
    console.log('--keeper=off, after SIGKILL:', seen);
    expect(seen).toEqual({ ENOSYS: 10 });
  });

  test('its keeper any more: whoever serves goes on, alone, to the end', { timeout }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-orphan-'));
    endings.push(() => rmSync(directory, { recursive: true, force: true }));
    const stage = await openStage({ directory });
    const target = await stage.steady({ flavour: 'killable', exactEvery: 3 });
    await stage.tree.hasStandby();
    const { active, others, injector } = stage.tree;
    stage.agent.kill('SIGKILL');
    await stage.agent.exited;
    const stallMs = await goesOn(target, 'without a keeper');
    for (const pid of [...others, injector]) await until(() => isDead(pid), 'the end of who serves nobody');
    expect(isDead(active)).toBe(false);
    await expect(startAgentProcess({ directory })).rejects.toThrow('DEPUTY_E_STATE_DIRECTORY_LOCKED');
    print('the keeper killed', [stallMs, await goesOn(target, 'after a second agent was refused')]);
    await endsWell(target);
    await until(() => isDead(active), "the orphan's end");
    // Everything is free again.
    const next = await startAgentProcess({ directory });
    expect(await next.stop()).toBe(0);
  });
});
