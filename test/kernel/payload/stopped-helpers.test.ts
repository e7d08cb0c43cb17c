import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findCommand } from '../../lab/paths.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

/** A start takes so long under load; only what never comes waits for it. */
const startMsMax = 20_000;

/**
 * Calls that only the joiner and its children make, and what has been done behind each: there it is stopped, by
 * a tracer that is gone before the target ends.
 */
const moments = {
  setns: "in the target's namespaces, with all privileges",
  setresuid: 'with its bounding set cut, as the user that was asked for',
  sendmsg: 'the intermediate, inside, when the payload-to-be is there',
  umask: 'the payload-to-be, with the intermediate gone or about to be',
} as const;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended before.
  }
}

function isStopped(pid: number): boolean {
  return /^[Tt]/.test(statusField(pid, 'State'));
}

function statusField(pid: number, name: string): string {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return new RegExp(`^${name}:\\t(.*)$`, 'm').exec(status)?.[1] ?? '';
  } catch {
    return '';
  }
}

const missing = [
  ...missingForKernel(),
  ...(findCommand('strace') === undefined ? ['strace: node test/setup/prepare.mjs --packages'] : []),
];

describeWhen(missing, 'a target ends while processes of its payload are stopped', () => {
  let program: string;
  beforeAll(() => {
    program = compileTarget('payload', ['-static']);
  });

  /** Processes that are the joiner's program still. Their command line ends with that of the payload. */
  const joiners = (target: DispatchTarget): number[] =>
    target.helpers('joiner').filter((pid) => {
      const [name = '', ...words] = commandOf(pid);
      return name.endsWith('/native/joiner') && words.includes(program);
    });

  /**
   * Ends the target's first process: all of what was begun goes while `stopped` are still, so that it waits for
   * none of them. Prints after how many milliseconds: under a tenth of a second where nothing else runs.
   */
  async function endTarget(
    target: DispatchTarget,
    what: string,
    { begun, stopped }: { begun: readonly number[]; stopped: readonly number[] },
  ): Promise<void> {
    const start = performance.now();
    target.kill();
    // The kernel waits for every process of the namespace before its first one is gone.
    const left = (): number[] =>
      [...new Set([target.processId, ...begun, ...joiners(target)])].filter(isThere);
    await until(() => left().length === 0, 'the end of all that was begun', startMsMax);
    const tookMs = Math.round(performance.now() - start);
    expect(stopped.filter((pid) => !isStopped(pid))).toEqual([]);
    console.log(`${what}: ${begun.length} begun, gone after ${tookMs} ms`);
  }

  /** Nothing is left outside either: who was stopped there has ended by itself. */
  async function expectNothingLeft(target: DispatchTarget): Promise<void> {
    await until(() => target.helpers('shim').length === 0, 'the end of the shim', startMsMax);
    await target.end();
  }

  test.each(Object.entries(moments))('behind %s, stopped there: %s', async (call, _what) => {
    const target = await new DispatchTarget().start();
    const [node, ...words] = target.command(['--deadline', `${startMsMax}`], [program, 'sleep', '60']);
    // The tracer is nobody's parent (-D), so that it can be killed without a change for anybody.
    const stop = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGSTOP:when=1`];
    const strace = ['-D', '-f', '-qq', '-o', '/dev/null', ...stop, node, ...words];
    const dispatch = spawn('strace', strace, { stdio: 'ignore' });
    const code = new Promise((resolve) => dispatch.once('exit', resolve));
    const deputy = dispatch.pid as number;
    await until(() => joiners(target).some(isStopped), 'one that is stopped', startMsMax);
    // Neither goes deputy on, so that nothing of the start is undone by it.
    const begun = joiners(target);
    for (const pid of [...begun, deputy]) signal(pid, 'SIGSTOP');
    signal(Number(statusField(deputy, 'TracerPid')), 'SIGKILL');
    const isFree = (pid: number): boolean => {
      if (statusField(pid, 'TracerPid') !== '0') return false;
      // A tracer that was about to deliver the signal took it with it.
      if (!isStopped(pid)) signal(pid, 'SIGSTOP');
      return isStopped(pid);
    };
    await until(() => [...joiners(target), deputy].every(isFree), 'all to be stopped, and not traced');
    await endTarget(target, call, { begun: [...begun, ...target.processes()], stopped: [deputy] });
    signal(deputy, 'SIGCONT');
    expect(await code).toBe(125);
    await expectNothingLeft(target);
  });

  test('with the process stopped that waits to become the payload, and deputy killed', async () => {
    const target = await new DispatchTarget().start();
    const crashFile = join(target.directory, 'crashes');
    writeFileSync(crashFile, 'verify-joined:after');
    const environment = { ...process.env, DEPUTY_TEST: '1', DEPUTY_CRASH_FILE: crashFile };
    const flags = ['--deadline', `${2 * startMsMax}`];
    const dispatch = target.begin(flags, [program, 'sleep', '60'], environment);
    expect(await new Promise((resolve) => dispatch.once('exit', (_code, by) => resolve(by)))).toBe('SIGKILL');
    // Nobody tells it to go on. Those that made it may be about to end still.
    const waits = (): boolean => {
      const [inside, ...others] = target.processes();
      return others.length === 0 && joiners(target).join() === `${inside}`;
    };
    await until(waits, 'the one inside to be the only one');
    const waiting = target.processes();
    for (const pid of waiting) signal(pid, 'SIGSTOP');
    await until(() => waiting.every(isStopped), 'it to be stopped');
    await endTarget(target, 'waiting', { begun: waiting, stopped: [] });
    await expectNothingLeft(target);
  });

  test('with payload and shim stopped: deputy hears of it once the shim goes on', async () => {
    const target = await new DispatchTarget().start();
    const dispatch = target.begin([], [program, 'sleep', '60']);
    const code = new Promise((resolve) => dispatch.once('exit', resolve));
    await new Promise((resolve) => dispatch.stdout?.once('data', resolve));
    const payload = target.processes();
    const shim = target.helpers('shim');
    expect([payload.length, shim.length]).toEqual([1, 1]);
    for (const pid of [...shim, ...payload]) signal(pid, 'SIGSTOP');
    await until(() => [...shim, ...payload].every(isStopped), 'both to be stopped');
    await endTarget(target, 'running', { begun: payload, stopped: shim });
    for (const pid of shim) signal(pid, 'SIGCONT');
    expect(await code).toBe(128 + 9);
    await expectNothingLeft(target);
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

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
