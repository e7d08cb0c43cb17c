import { chmodSync, rmSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { subStep } from '../../../core/injector/sub-steps.js';
import { type AgentProcess, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { replayStateDirectory } from '../../support/replay.js';
import { compileTarget } from '../support/compile.js';
import { eventsOf } from '../support/request-events.js';
import { makeShare } from '../support/share.js';
import { AgentTree, sleep, until } from './support/agent-tree.js';
import { CrashFile, tableOf } from './support/crash-stage.js';
import { type SteadyReport, SteadyTarget } from './support/steady-target.js';

const kills = isLong ? 200 : 5;
/** An injector that lived for less is started again ever more slowly. */
const steadyMs = 1_000;
const passMs = 5_000;
const flavours = ['plain', 'killable'] as const;
type Flavour = (typeof flavours)[number];
const endings: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
}, 60_000);

/** Sub-steps of the usual way, and where in each the injector can be ended. */
const points = Object.entries(subStep)
  .filter(([, number]) => number <= subStep.detach)
  .flatMap(([name, number]) => ['before', 'after'].map((moment) => ({ name, number, moment })));

/** Between EXITKILL and the registers' return: the target dies with its injector. */
function isInWindow(number: number, moment: string): boolean {
  const afterOpening = number > subStep.openWindow || (number === subStep.openWindow && moment === 'after');
  const beforeRestoring = number < subStep.restore || (number === subStep.restore && moment === 'before');
  return afterOpening && beforeRestoring;
}

interface Stage {
  readonly agent: AgentProcess;
  readonly tree: AgentTree;
  start(container: string, flavour: Flavour, threads?: number): Promise<SteadyTarget>;
}

async function openStage(environment: Record<string, string> = {}): Promise<Stage> {
  const made = makeShare();
  endings.push(() => rmSync(made.directory, { recursive: true, force: true }));
  const agent = await startAgentProcess({
    policy: { version: 1, defaults: { opath: 'exact' } },
    environment,
  });
  endings.push(() => agent.stop());
  chmodSync(agent.directory, 0o755);
  const { socketPath } = agent;
  return {
    agent,
    tree: new AgentTree(agent),
    async start(container, flavour, threads = 2) {
      const target = await SteadyTarget.start({
        program: compileTarget('steady'),
        socketPath,
        share: made.share,
        flavour,
        container,
        threads,
        exactEvery: 1,
      });
      endings.push(() => target.process.end());
      return target;
    },
  };
}

async function reportOf(target: SteadyTarget): Promise<SteadyReport | undefined> {
  return target.mark().catch(() => undefined);
}

/** What became of a target whose injector died: right, or dead by SIGKILL and told of. */
async function judge(stage: Stage, target: SteadyTarget, container: string): Promise<'right' | 'killed'> {
  const before = await reportOf(target);
  let after = before;
  for (let tries = 0; after !== undefined && after.calls === before?.calls && tries < 200; tries++) {
    await sleep(50);
    after = await reportOf(target);
  }
  if (after !== undefined) {
    expect(after, container).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0, signals: 0 });
    expect(after.calls, `${container} goes on`).toBeGreaterThan(before?.calls ?? 0);
    return 'right';
  }
  expect(await target.process.exited).toBe('SIGKILL');
  await until(
    () =>
      stage.agent.status().targets.find(({ containerId }) => containerId === container)?.state === 'released',
    'the end of its delegation',
  );
  const events = await eventsOf(stage.agent.stateDirectory, container);
  const cancelled = events.filter(({ type }) => type === 'request.cancelled');
  expect(cancelled.length, `${container}: the killed call is told of`).toBeGreaterThan(0);
  return 'killed';
}

async function endsWell(target: SteadyTarget, what: string): Promise<number> {
  const table = tableOf(target.pid).join(', ');
  const end = await target.end();
  expect(end).toMatchObject({ wrong: 0, enosys: 0, interrupted: 0, signals: 0 });
  expect(end.hung).toBeUndefined();
  expect.soft(end.descriptors, `${what}: ${table}`).toBe(target.started.descriptors);
  return end.calls;
}

/** Ends the injector at a point under a fresh target, and says what became of that. */
async function crashAt(stage: Stage, file: CrashFile, point: string, flavour: Flavour): Promise<string> {
  const container = `at-${point.replace(':', '-')}-${flavour}`;
  await sleep(steadyMs);
  // One thread: another's window would be open at any point of this one.
  const target = await stage.start(container, flavour, 1);
  await target.mark().catch(() => undefined);
  file.arm([point]);
  const deadline = performance.now() + passMs;
  while (file.left.length > 0 && performance.now() < deadline) await sleep(10);
  const passed = file.left.length === 0;
  file.disarm();
  const outcome = await judge(stage, target, container);
  if (outcome === 'right') await endsWell(target, container);
  return passed ? outcome : 'not passed';
}

describeWhen(missingForKernel(), 'an injector that dies under an agent', () => {
  test(`killed ${kills} times at random: right, or dead and told of`, {
    timeout: isLong ? 1_200_000 : 180_000,
  }, async () => {
    const stage = await openStage();
    const counts: Record<string, number> = {};
    let calls = 0;
    let target: SteadyTarget | undefined;
    let container = '';
    for (let round = 0; round < kills; round++) {
      const flavour = flavours[Math.floor(round / 5) % 2] ?? 'plain';
      if (target !== undefined && round % 5 === 0) {
        calls += await endsWell(target, container);
        target = undefined;
      }
      if (target === undefined) {
        container = `random-${round}`;
        target = await stage.start(container, flavour);
      }
      await sleep(steadyMs + Math.random() * 200);
      const { injector } = stage.tree;
      process.kill(injector, 'SIGKILL');
      await until(() => stage.tree.injector !== injector, 'its end');
      const outcome = await judge(stage, target, container);
      counts[`${flavour}: ${outcome}`] = (counts[`${flavour}: ${outcome}`] ?? 0) + 1;
      if (outcome === 'killed') target = undefined;
    }
    if (target !== undefined) calls += await endsWell(target, container);
    replayStateDirectory(stage.agent.stateDirectory);
    console.table({ ...counts, 'calls of those that lived': calls });
  });

  test('once at each of its sub-steps: dead inside the window only', {
    timeout: isLong ? 1_200_000 : 300_000,
  }, async () => {
    const file = new CrashFile();
    endings.push(() => file.remove());
    const stage = await openStage({ DEPUTY_TEST: '1', DEPUTY_INJECTOR_CRASH_FILE: file.path });
    const table: Record<string, Record<string, string>> = {};
    // The short form ends it before each; both flavours come in turn.
    const tried = points.filter(({ moment }) => isLong || moment === 'before');
    for (const [index, { name, number, moment }] of tried.entries()) {
      const row = `${number} ${name}:${moment}`;
      for (const flavour of isLong ? flavours : [flavours[index % 2] ?? 'plain']) {
        const outcome = await crashAt(stage, file, `${number}:${moment}`, flavour);
        table[row] = { ...table[row], [flavour]: outcome };
        expect.soft(outcome, row).toBe(isInWindow(number, moment) ? 'killed' : 'right');
      }
    }
    replayStateDirectory(stage.agent.stateDirectory);
    console.table(table);
  });
});
