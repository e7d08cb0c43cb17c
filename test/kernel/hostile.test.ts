import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openFileEventStore } from '../../adapters/event-store/index.js';
import { isRefusalCode } from '../../core/errors/refusals.js';
import { type AgentProcess, startAgentProcess } from '../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';
import { compileTarget } from './support/compile.js';
import { descriptorsOf, type Resources, resourcesOf } from './support/process-resources.js';
import { makeShare } from './support/share.js';
import { TrapTarget } from './support/trap-target.js';
import { AgentTree, until } from './takeover/support/agent-tree.js';

/** A fresh seed finds other things; a failure prints it. */
const seed = Number(process.env['DEPUTY_SEED'] ?? Date.now() % 1_000_000);
const warmUpCalls = 2_000;
const calls = isLong ? 1_000_000 : 4_000;
const timeout = isLong ? 1_800_000 : 60_000;
/** What is allowed to come and go in V8 and the allocator; a leak of 16 bytes a call would show in the long form. */
const growthKiB = 48 * 1024;
/** One more or fewer of what a loop keeps of a thread at the moment. */
const descriptorSlack = 4;

/** What a hostile target can bring about under this policy: none of it may be missing in a run. */
const refusals = [
  'ARCHITECTURE',
  'MOUNT_NOT_SHARED',
  'FILESYSTEM',
  'FILE_TYPE',
  'CREATING_FLAGS',
  'TRACED',
  'ACCESS',
  'NOT_SEALED',
  'SEAL_KEY',
  'SEAL_WRONG',
].map((name) => `DEPUTY_E_REFUSED_${name}`);
const successes = [
  'open_by_handle_at plain regular',
  'open_by_handle_at plain directory',
  'open_by_handle_at fast regular',
  'open_by_handle_at fast directory',
  'open_by_handle_at exact symlink',
  'open_by_handle_at exact fifo',
  'open_by_handle_at exact character-device',
  'open_by_handle_at exact socket',
  'open_by_handle_at exact regular',
  'name_to_handle_at sealed',
  "name_to_handle_at the kernel's own",
];

interface Outcome {
  readonly calls: number;
  readonly opened: number;
  readonly named: number;
  readonly forbidden: number;
  readonly wrongKind: number;
  readonly descriptors: number;
  readonly errnos: Record<string, number>;
}

describeWhen(missingForKernel(), 'a hostile target', () => {
  const endings: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  async function start(defaults: object): Promise<{ agent: AgentProcess; share: string }> {
    const made = makeShare();
    endings.push(() => rmSync(made.directory, { recursive: true, force: true }));
    const policy = { version: 1, defaults: { shares: [{ name: 'root', path: '/' }], ...defaults } };
    const words = ['--event-bytes', `${8 * 2 ** 30}`];
    const agent = await startAgentProcess({ policy, arguments: words });
    endings.push(() => agent.stop());
    chmodSync(agent.directory, 0o755);
    return { agent, share: made.share };
  }

  async function attack(agent: AgentProcess, share: string, one: number, count: number): Promise<Outcome> {
    const target = TrapTarget.start(share);
    await target.confine({ socketPath: agent.socketPath, flavour: one % 2 === 0 ? 'plain' : 'killable' });
    await target.execute(compileTarget('hostile'));
    const outcome = await target.hostile(one, count, timeout);
    await target.end();
    await expect
      .poll(() => agent.status().targets.every(({ state }) => state === 'released'), {
        timeout,
        interval: 500,
      })
      .toBe(true);
    return JSON.parse(outcome) as Outcome;
  }

  test(`makes ${calls} calls, seed ${seed}: nothing is opened, kept or lost that should not be`, {
    timeout: timeout * 2,
  }, async () => {
    const { agent, share } = await start({});
    const tree = new AgentTree(agent);
    await tree.hasStandby();
    const processes = [tree.active, tree.injector];
    const look = (): Resources[] => processes.map(resourcesOf);
    for (let round = 0; round < 2; round++) await attack(agent, share, seed + 7 + round, warmUpCalls);
    await until(() => look()[0] !== undefined, 'what it holds');
    const before = look();
    const outcome = await attack(agent, share, seed, calls);
    const after = look();
    const seen = await eventsIn(agent.stateDirectory);
    console.log('the target:', outcome);
    console.log('refusals:', seen.refusals);
    console.log('successes:', seen.successes);
    console.log('errnos of the kernel:', seen.errnos);
    for (const [index, name] of ['supervisor', 'injector'].entries()) {
      const [a, b] = [before[index] as Resources, after[index] as Resources];
      console.log(
        `${name}: ${a.descriptors} descriptors, then ${b.descriptors}; ${a.residentKiB} KiB, then ${b.residentKiB}`,
      );
      const held = descriptorsOf(processes[index] as number).join('\n');
      expect(b.descriptors, held).toBeLessThanOrEqual(a.descriptors + descriptorSlack);
      expect(b.residentKiB - a.residentKiB).toBeLessThan(growthKiB);
      expect(b.tracedThreads).toBe(0);
    }
    expect(outcome).toMatchObject({ forbidden: 0, wrongKind: 0 });
    expect(outcome.calls).toBeGreaterThanOrEqual(calls);
    expect(outcome.descriptors).toBeLessThan(24);
    // The processes are those that they were, and no handler of theirs threw.
    expect([tree.active, tree.injector]).toEqual(processes);
    expect(agent.log.filter((line) => /handler failed|"level":60/.test(line))).toEqual([]);
    expect(seen.uncoded).toEqual([]);
    expect(seen.lost).toBe(0);
    for (const code of refusals) expect(seen.refusals[code] ?? 0, code).toBeGreaterThan(0);
    for (const kind of successes) expect(seen.successes[kind] ?? 0, kind).toBeGreaterThan(0);
    if (!isLong) replayStateDirectory(agent.stateDirectory);
  });

  test('does open what it should not where nothing is sealed and no right is asked for', {
    timeout,
  }, async () => {
    const { agent, share } = await start({ confinement: 'none', dac: 'capability' });
    const outcome = await attack(agent, share, seed, warmUpCalls);
    console.log('without seals and rights:', outcome);
    expect(outcome.forbidden).toBeGreaterThan(0);
  });
});

interface Seen {
  readonly refusals: Record<string, number>;
  readonly successes: Record<string, number>;
  readonly errnos: Record<string, number>;
  readonly uncoded: unknown[];
  lost: number;
}

/** What became of all requests, as the event store has it. */
async function eventsIn(stateDirectory: string): Promise<Seen> {
  const seen: Seen = { refusals: {}, successes: {}, errnos: {}, uncoded: [], lost: 0 };
  const add = (into: Record<string, number>, key: string): void => {
    into[key] = (into[key] ?? 0) + 1;
  };
  const store = await openFileEventStore({ directory: join(stateDirectory, 'events'), readOnly: true });
  for await (const { event } of store.readAll()) {
    const data = event.data as Record<string, unknown>;
    const { errno } = (data['result'] ?? {}) as { errno?: string };
    if (event.type === 'request.refused') {
      const code = `${data['reason']}`;
      if (!isRefusalCode(code) || errno === undefined) seen.uncoded.push(data);
      add(seen.refusals, code);
    } else if (event.type === 'request.lost') seen.lost++;
    else if (event.type === 'request.answered') {
      if (errno === undefined) add(seen.successes, kindOf(data));
      else add(seen.errnos, errno);
    }
  }
  await store.close();
  return seen;
}

function kindOf(data: Record<string, unknown>): string {
  const { syscall, opath, fileType, keyId } = data;
  if (syscall === 'name_to_handle_at')
    return `${syscall} ${keyId === undefined ? "the kernel's own" : 'sealed'}`;
  return `${syscall} ${opath ?? 'plain'} ${fileType}`;
}
