import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStartTime } from '../../../adapters/payload/proc-facts.js';
import { deputyCommand } from '../../lab/agent-process.js';
import { checkoutDirectory } from '../../lab/paths.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

interface Told {
  readonly type: string;
  readonly data: { readonly reason?: string; readonly code?: string };
}

describeWhen(missingForKernel(), 'what became of earlier dispatches', () => {
  let program: string;
  let directory: string;
  beforeAll(() => {
    program = compileTarget('payload', ['-static']);
    directory = mkdtempSync(join(tmpdir(), 'deputy-lives-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** A life of the container `vm`, as the state of a runtime has it. */
  async function begin(): Promise<DispatchTarget> {
    const target = await new DispatchTarget().start();
    const folder = join(directory, 'runtime', 'vm');
    mkdirSync(folder, { recursive: true });
    const status = { pid: target.processId, 'process-start-time': Number(readStartTime(target.processId)) };
    writeFileSync(join(folder, 'status'), JSON.stringify(status));
    return target;
  }

  const flags = (): string[] => {
    const state = join(directory, 'state');
    return ['--target', 'vm', '--runtime-root', join(directory, 'runtime'), '--state', state];
  };

  /** The last event of each life, the eldest first. */
  function lastEvents(): Told[] {
    const folder = join(directory, 'state', 'payloads');
    const lives = readdirSync(folder).sort((a, b) => Number(a.split('.')[1]) - Number(b.split('.')[1]));
    return lives.map((life) => {
      const words = [deputyCommand(), 'events', '--state', join(folder, life, 'engine'), '--json'];
      const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Told;
    });
  }

  test('of a container that was started again is told, once, or that nobody knows', {
    timeout: 180_000,
  }, async () => {
    const leave = [...flags(), '--detach'];
    const first = await begin();
    expect((await first.run(leave, [program, 'sleep', '60'])).code).toBe(0);
    first.kill();
    await first.exited;
    // Its shim has the end; the present life is not asked for it.
    const second = await begin();
    const heard = await second.run(flags(), [program, 'exit', '3']);
    expect({ code: heard.code, stderr: heard.stderr }).toEqual({
      code: 3,
      stderr: 'before the container was started again the payload was ended by signal 9\n',
    });
    // Nobody has that of this one, as its shim is killed before it.
    expect((await second.run(leave, [program, 'sleep', '60'])).code).toBe(0);
    for (const pid of shimsIn(join(directory, 'state'))) process.kill(pid, 'SIGKILL');
    second.kill();
    await second.exited;
    const third = await begin();
    const silent = await third.run(flags(), [program, 'exit', '4']);
    expect({ code: silent.code, stderr: silent.stderr }).toEqual({ code: 4, stderr: '' });
    // Who knows only the number of its first process finds the payload of a container that had a name.
    expect((await third.run(leave, [program, 'sleep', '60'])).code).toBe(0);
    third.kill();
    await third.exited;
    rmSync(join(directory, 'runtime', 'vm'), { recursive: true });
    const byNumber = [...flags(), '--target', `${third.processId}`];
    const late = await third.run(byNumber, [program, 'exit', '5']);
    expect({ code: late.code, stderr: late.stderr }).toEqual({ code: 128 + 9, stderr: '' });
    const reasons = lastEvents().map(({ type, data }) => `${type}: ${data.reason}`);
    expect(reasons).toEqual([
      'delegation.released: the payload was ended by signal 9',
      'delegation.released: the target ended while no supervisor served it',
      'delegation.released: the payload was ended by signal 9',
    ]);
    await until(() => shimsIn(join(directory, 'state')).length === 0, 'the end of all shims', 10_000);
    for (const target of [first, second, third]) await target.end();
  });

  test('that was cut off before anything of it was there: it failed, and another one begins', async () => {
    const target = await new DispatchTarget().start();
    const containerId = `process-${target.processId}`;
    const folder = `${containerId}.${readStartTime(target.processId)}.cut`;
    const state = join(target.stateDirectory, 'payloads', folder, 'engine');
    const script = join(checkoutDirectory(), 'test/kernel/support/cut-off-dispatch.mjs');
    const cut = spawnSync(process.execPath, [script, containerId, `${target.processId}`, state]);
    expect(cut.signal, cut.stderr.toString()).toBe('SIGKILL');
    const { code, stderr } = await target.run(['--name', 'cut'], [program, 'exit', '6']);
    expect({ code, stderr }).toEqual({ code: 6, stderr: '' });
    const told = target.events('cut');
    // Of two delegations: the one that was cut off was not gone on with.
    expect(told.slice(0, 3).map(({ type }) => type)).toEqual([
      'delegation.requested',
      'delegation.failed',
      'delegation.requested',
    ]);
    expect(told[1]?.data['code']).toBe('DEPUTY_E_DELEGATION_INTERRUPTED');
    expect(told.at(-1)?.type).toBe('delegation.released');
    await target.end();
  });
});

/** Shims of payloads that are kept in a state directory. */
function shimsIn(state: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && wordsOf(pid).some((word) => word.startsWith(`${state}/`)))
    .filter((pid) => wordsOf(pid).some((word) => word.endsWith('/native/shim')));
}

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
