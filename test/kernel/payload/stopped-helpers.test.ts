import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

/** Processes that this one's first thread started. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended before.
  }
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

describeWhen(missing, 'a target ends while its payload is being started', () => {
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

  /** Ends the target's first process: milliseconds until nothing of what was begun is there. */
  async function endTarget(target: DispatchTarget, begun: readonly number[]): Promise<number> {
    const start = performance.now();
    target.kill();
    // The kernel waits for every process of the namespace before its first one is gone.
    const left = (): number[] =>
      [...new Set([target.processId, ...begun, ...joiners(target)])].filter(isThere);
    // A tenth of a second is what it takes; the line below says it, and a busy machine is no failure.
    await until(() => left().length === 0, 'the end of all that was begun', startMsMax);
    return Math.round(performance.now() - start);
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
    const isStopped = (pid: number): boolean => /^[Tt]/.test(statusField(pid, 'State'));
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
    const tookMs = await endTarget(target, [...begun, ...target.processes()]);
    signal(deputy, 'SIGCONT');
    expect(await code).toBe(125);
    await target.end();
    console.log(`${call}: ${begun.length} stopped, gone after ${tookMs} ms`);
  });

  test('with the process stopped that waits to become the payload', async () => {
    const target = await new DispatchTarget().start();
    const dispatch = target.begin([], [program, 'sleep', '60']);
    const code = new Promise((resolve) => dispatch.once('exit', resolve));
    const deputy = dispatch.pid as number;
    await until(() => childrenOf(deputy).length > 0, 'the shim', startMsMax);
    // Nobody tells it to go on.
    signal(deputy, 'SIGSTOP');
    const waits = (): boolean => {
      const [inside, ...others] = target.processes();
      return others.length === 0 && joiners(target).join() === `${inside}`;
    };
    await until(waits, 'the one inside to be the only one');
    const waiting = target.processes();
    for (const pid of waiting) signal(pid, 'SIGSTOP');
    await endTarget(target, waiting);
    signal(deputy, 'SIGCONT');
    expect(await code).toBe(125);
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

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
