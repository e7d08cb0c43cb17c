import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dispatchSteps } from '../../../strategies/dispatcher/index.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

/** Dispatches at a time; each is a process of Node that starts. */
const atOnce = 3;
/** Under load; only what never comes waits so long. */
const crashMsMax = 30_000;

/**
 * Between a step and the next one only an event is written, so that the short form takes the one side of that,
 * and before the first step.
 */
const points = dispatchSteps
  .flatMap(({ name }) => [`${name}:before`, `${name}:after`])
  .filter((point, at) => isLong || at === 0 || point.endsWith(':after'));
const begun = points.indexOf('join:after');
const attached = points.filter((point) => point.startsWith('attach:'));
const fresh = points.filter((point) => !attached.includes(point));
/** Those that a dispatch passes which finds the payload of another. */
const later = fresh.filter((point) => /^(name|execute|await-ready|verify):/.test(point));
/** Those of the rest that nobody passes who attaches; the long form has all of them. */
const alone = fresh.slice(begun).filter((point) => isLong || point.startsWith('verify-joined:'));

/**
 * Payloads, each with the points at which one dispatch after another dies. Until there is a process in the
 * target one payload's dispatches can die in a row; from there on each point has a payload of its own; and one
 * is attached to again and again.
 */
const payloads: readonly (readonly string[])[] = [
  fresh.slice(0, begun),
  ...alone.map((point) => [point]),
  ['join:after', ...attached, ...later],
];

interface Row {
  readonly point: string;
  /** Processes that were in the target for this payload when the dispatch had died. */
  readonly processes: readonly number[];
}

describeWhen(missingForKernel(), 'a dispatch dies before or after a step', () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  /** The name is an argument, too, so that a process shows whose it is; the program takes no notice of it. */
  const commandOf = (name: string): string[] => [program, 'copy', name];

  /** What waits inside must wait for one dispatch after the other. */
  const flagsOf = (name: string): string[] => ['--name', name, '--deadline', `${2 * crashMsMax}`];

  function processesOf(name: string): number[] {
    return target.processes().filter((pid) => wordsOf(pid).includes(name));
  }

  async function dieAt(point: string, name: string, environment: NodeJS.ProcessEnv): Promise<void> {
    const child = target.begin(flagsOf(name), commandOf(name), environment);
    const signal = await new Promise((resolve) => {
      const late = setTimeout(() => resolve(`never came to ${point}`), crashMsMax);
      child.once('exit', (code, by) => {
        clearTimeout(late);
        resolve(by ?? code);
      });
    });
    expect(signal, point).toBe('SIGKILL');
  }

  async function run(name: string, crashes: readonly string[]): Promise<Row[]> {
    const crashFile = join(target.directory, `${name}.crashes`);
    writeFileSync(crashFile, crashes.join('\n'));
    const environment = { ...process.env, DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile };
    const rows: Row[] = [];
    for (const point of crashes) {
      await dieAt(point, name, environment);
      rows.push({ point, processes: processesOf(name) });
    }
    const text = Buffer.from(`to ${name}\n`);
    const { code, stdout, stderr } = await target.run(flagsOf(name), commandOf(name), text);
    expect({ name, code, stdout: stdout.toString(), stderr }).toEqual({
      name,
      code: 3,
      stdout: `to ${name}\n`,
      stderr: '',
    });
    expect(processesOf(name)).toEqual([]);
    // Its shim has the lock until it has seen how the dispatch ended.
    await until(() => !isLocked(name), `the end of the shim of ${name}`, 5_000);
    return rows;
  }

  function isLocked(name: string): boolean {
    const folder = join(target.stateDirectory, 'payloads');
    const own = readdirSync(folder).find((one) => one.endsWith(`.${name}`)) ?? '';
    return spawnSync('flock', ['--nonblock', join(folder, own, 'lock'), 'true']).status !== 0;
  }

  test('at each: one payload, its exit code, no lock, nothing left', { timeout: 120_000 }, async () => {
    const waiting = payloads.map((crashes, index) => ({ name: `crash-${index}`, crashes }));
    const rows: Row[] = [];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const own = await run(next.name, next.crashes);
        rows.push(...own);
        // Whoever came later went on with the same process.
        expect(new Set(own.flatMap(({ processes }) => processes)).size, next.name).toBeLessThanOrEqual(1);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    for (const { point, processes } of rows) {
      // Until the joiner has been started there is nothing inside; from then on one process.
      const isBegun = attached.includes(point) || fresh.indexOf(point) >= begun;
      expect(processes, point).toHaveLength(isBegun ? 1 : 0);
    }
    console.log(rows.map(({ point, processes }) => `${point}: ${processes.length} inside`).join('\n'));
    expect([...new Set(rows.map(({ point }) => point))].sort()).toEqual([...points].sort());
    await until(() => target.helpers('shim').length === 0, 'the end of all shims', 5_000);
  });

  test('and nobody comes again: what waits inside is ended, and the lock is free', async () => {
    const name = 'alone';
    const crashFile = join(target.directory, `${name}.crashes`);
    writeFileSync(crashFile, 'verify-joined:after');
    const environment = { ...process.env, DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile };
    const flags = ['--name', name, '--deadline', '1000'];
    const child = target.begin(flags, commandOf(name), environment);
    await new Promise((resolve) => child.once('exit', resolve));
    await until(() => processesOf(name).length === 0 && !isLocked(name), 'the end of the deadline', 10_000);
    const { code } = await target.run(flags, commandOf(name), Buffer.from(''));
    expect(code).toBe(3);
  });
});

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
