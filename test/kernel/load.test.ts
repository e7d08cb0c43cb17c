import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { deputyCommand, runDeputy } from '../lab/agent-process.js';
import { describeWhen, isLong, missingForKernel } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';
import { compileTarget } from './support/compile.js';
import { descriptorsOf, type Resources, resourcesOf, zombiesOf } from './support/process-resources.js';
import { makeShare, targetId } from './support/share.js';

interface Processes {
  readonly deputy: number;
  readonly injector: number;
  readonly target: number;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

function findProcesses(deputy: number): Processes {
  const named = childrenOf(deputy).map((pid) => ({
    pid,
    text: readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
  }));
  const injector = named.find(({ text }) => text.includes('injector'))?.pid ?? 0;
  const target = named.find(({ text }) => text.includes('/load'))?.pid ?? 0;
  return { deputy, injector, target };
}

/** Starts the load under `deputy run`; `rounds` are the numbers of calls between two looks. */
function startLoad(
  rounds: readonly number[],
  state: string,
  share: string,
  exactEvery: number,
): ChildProcess {
  const program = compileTarget('load');
  const ids = ['--uid', `${targetId}`, '--gid', `${targetId}`, '--state', state];
  const words = ['run', ...ids, '--', program, '8', share, ...rounds.map(String)];
  return spawn(process.execPath, [deputyCommand(), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, EXACT_EVERY: `${exactEvery}` },
  });
}

/** Reads the target's line after each round, looks, and lets it go on. */
async function drive(
  child: ChildProcess,
  rounds: number,
  look: (round: number, line: string) => Promise<void>,
) {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  for (let round = 0; round < rounds; round++) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the target ended early');
    await look(round, value as string);
    child.stdin?.write('\n');
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeWhen(missingForKernel(), 'under load', () => {
  test('100,000 calls from 8 threads are right and leave nothing behind', { timeout: 300_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-load-'));
    const state = join(directory, 'state');
    const { directory: made, share } = makeShare();
    const rounds = [2_000, 8_000, 90_000, 1_000];
    const child = startLoad(rounds, state, share, 500);
    const seen: { deputy: Resources; injector: Resources; target: Resources }[] = [];
    const zombies: number[] = [];
    let processes: Processes | undefined;
    await drive(child, rounds.length, async (round, line) => {
      expect(line).toBe(`${rounds[round]} calls, 0 wrong`);
      // The publisher follows at its own pace; memory is looked at when it has caught up.
      await sleep(round === 0 ? 500 : 3_000);
      processes = findProcesses(child.pid as number);
      const { deputy, injector, target } = processes;
      seen.push({
        deputy: resourcesOf(deputy),
        injector: resourcesOf(injector),
        target: resourcesOf(target),
      });
      zombies.push(zombiesOf(deputy));
      expect(zombies.at(-1)).toBe(0);
      if (round === 2) {
        const [warm, , after] = seen;
        const held = `${descriptorsOf(deputy).join('\n')}\n${descriptorsOf(injector).join('\n')}`;
        expect(after?.deputy.descriptors, held).toBe(warm?.deputy.descriptors);
        expect(after?.deputy.stateFiles, held).toBeLessThan(16);
        expect(after?.injector.descriptors, held).toBe(warm?.injector.descriptors);
        expect(after?.target.descriptors, held).toBe(warm?.target.descriptors);
        expect(after?.target.tracedThreads).toBe(0);
      }
    });
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    const grownKiB = (seen[2]?.deputy.residentKiB ?? 0) - (seen[1]?.deputy.residentKiB ?? 0);
    const grownInjectorKiB = (seen[2]?.injector.residentKiB ?? 0) - (seen[1]?.injector.residentKiB ?? 0);
    for (const [round, one] of seen.entries()) {
      const figures = Object.entries(one).map(([name, { descriptors, tracedThreads, residentKiB }]) =>
        [name, `${descriptors} descriptors, ${tracedThreads} traced, RSS ${residentKiB} KiB`].join(': '),
      );
      const calls = rounds.slice(0, round + 1).reduce((total, count) => total + count);
      console.log(`after ${calls} calls: ${zombies[round]} zombies; ${figures.join('; ')}`);
    }
    expect(grownKiB).toBeLessThan(10 * 1024);
    expect(grownInjectorKiB).toBeLessThan(10 * 1024);
    // Each call is one event, in order and without a gap.
    const { stdout } = runDeputy(['events', '--json', '--state', state]);
    const events = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { version: number; type: string });
    const gaps = events.filter(({ version }, index) => version !== index + 1);
    expect(gaps).toEqual([]);
    const opens = events.filter(({ type }) => type === 'request.answered').length;
    expect(opens).toBe(101_000 + 4);
    const replayed = replayStateDirectory(state);
    expect(replayed.states).toEqual({ answered: 101_004 });
    rmSync(directory, { recursive: true });
    rmSync(made, { recursive: true });
  });

  test('exact O_PATH from 8 threads', { timeout: 300_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-load-'));
    const { directory: made, share } = makeShare();
    const calls = isLong ? 10_000 : 800;
    const child = startLoad([calls], join(directory, 'state'), share, 1);
    await drive(child, 1, async (_, line) => expect(line).toBe(`${calls} calls, 0 wrong`));
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    rmSync(directory, { recursive: true });
    rmSync(made, { recursive: true });
  });
});
