import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { sleep, until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

const kills = isLong ? 200 : 8;
const lines = 400;

/** When a dispatch is killed: while it starts, while its payload runs, or while that stops. */
const moments = ['start', 'run', 'stop'] as const;

/** Resolves at a random moment of the one kind. `printed`: what the payload has said so far. */
async function untilMoment(moment: (typeof moments)[number], printed: () => string, isOver: () => boolean) {
  const hasCome = { start: () => true, run: () => printed() !== '', stop: () => hasAll(printed()) }[moment];
  while (!isOver() && !hasCome()) await sleep(1);
  await sleep(Math.random() * { start: 1_500, run: 1_000, stop: 200 }[moment]);
}

function hasAll(printed: string): boolean {
  return printed.endsWith(`\n${lines - 1}\n`);
}

/** Runs a dispatch that is killed now and then, until one lives long enough: what all of them printed, and the end. */
async function untilEnd(
  target: DispatchTarget,
  name: string,
  command: readonly string[],
  when: readonly (typeof moments)[number][],
) {
  let printed = '';
  let errors = '';
  for (let round = 0; ; round++) {
    const child = target.begin(['--name', name], command);
    child.stdout?.on('data', (bytes: Buffer) => {
      printed += bytes.toString();
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      errors += bytes.toString();
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
    const moment = when[round];
    if (moment !== undefined) {
      const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
      await Promise.race([closed, untilMoment(moment, () => printed, isOver)]);
      child.kill('SIGKILL');
    }
    const code = await closed;
    expect(target.processes().length).toBeLessThanOrEqual(1);
    if (code !== null) return { printed, errors, code, kills: round };
    if (round > 20) throw new Error('it was killed too often');
  }
}

/** The processes that ever were the payload of this name, as the events have them. */
function payloadsIn(target: DispatchTarget, name: string): string[] {
  const numbers = target.events(name).flatMap(({ data }) => {
    if (data['step'] !== 'verify-joined' && data['step'] !== 'verify') return [];
    const { processId } = data['evidence'] as { processId?: string };
    return processId === undefined ? [] : [processId];
  });
  return [...new Set(numbers)];
}

describeWhen(missingForKernel(), 'whoever dispatches is killed', () => {
  let target: DispatchTarget;
  let program: string;
  beforeAll(async () => {
    program = compileTarget('payload', ['-static']);
    target = await new DispatchTarget().start();
  });
  afterAll(() => target.end());

  test(`${kills} times: one payload, its output and its exit code`, {
    timeout: isLong ? 1_800_000 : 120_000,
  }, async () => {
    let done = 0;
    const killed = { start: 0, run: 0, stop: 0 };
    for (let round = 0; done < kills; round++) {
      const when = [moments[round % 3], moments[Math.floor(round / 3) % 3]] as (typeof moments)[number][];
      const end = await untilEnd(target, `kill-${round}`, [program, 'count', `${lines}`], when);
      done += end.kills;
      for (const moment of when.slice(0, end.kills)) killed[moment]++;
      expect({ code: end.code, errors: end.errors }).toEqual({ code: 6, errors: '' });
      // What was on its way when the reader died may come twice, never not at all.
      const numbers = end.printed.split('\n').filter(Boolean).map(Number);
      expect(new Set(numbers).size).toBe(lines);
      expect(target.processes()).toEqual([]);
      // None where it had ended before anybody could look at it.
      expect(payloadsIn(target, `kill-${round}`).length).toBeLessThanOrEqual(1);
    }
    console.log(`killed ${done} times: ${JSON.stringify(killed)}`);
    await until(() => target.helpers('shim').length === 0, 'the end of all shims', 5_000);
  });

  test('and so is the shim: the payload lives on, and how it ends is still learnt', async () => {
    const first = target.begin(['--name', 'orphan'], [program, 'sleep', '3']);
    await new Promise((resolve) => first.stdout?.once('data', resolve));
    const [payload] = target.processes();
    for (const pid of target.helpers('shim')) process.kill(pid, 'SIGKILL');
    first.kill('SIGKILL');
    await new Promise((resolve) => first.once('exit', resolve));
    expect(target.processes()).toEqual([payload]);
    const again = await target.run(['--name', 'orphan'], [program, 'sleep', '3']);
    expect(again.stderr).toBe('');
    expect(again.code).toBe(5);
  });
});

describeWhen(missingForKernel(), 'a target ends', () => {
  for (const stopped of ['nobody', 'payload', 'shim'] as const) {
    test(`with ${stopped} stopped: nothing of it is left`, async () => {
      const target = await new DispatchTarget().start();
      const dispatch = target.begin([], [compileTarget('payload', ['-static']), 'sleep', '60']);
      const code = new Promise((resolve) => dispatch.once('exit', (value) => resolve(value)));
      await new Promise((resolve) => dispatch.stdout?.once('data', resolve));
      const pids = { nobody: [], payload: target.processes(), shim: target.helpers('shim') }[stopped];
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const payload = target.processes();
      target.kill();
      await target.exited;
      await until(() => payload.every((pid) => !isThere(pid)), 'the end of the payload', 1_000);
      if (stopped === 'shim') for (const pid of pids) process.kill(pid, 'SIGCONT');
      expect(await code).toBe(128 + 9);
      await target.end();
    });
  }

  test('with its payload, whose exit code is then its own', async () => {
    const target = await new DispatchTarget().start();
    const flags = ['--placeholder-socket', target.socketPath];
    const { code } = await target.run(flags, [compileTarget('payload', ['-static']), 'exit', '23']);
    expect(code).toBe(23);
    expect(await target.exited).toBe(23);
    await target.end();
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
