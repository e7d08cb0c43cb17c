import { readFileSync, readlinkSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { until } from '../takeover/support/agent-tree.js';
import { DispatchTarget } from './dispatch-target.js';

/** A start takes so long under load; only what never comes waits for it. */
const startMsMax = 20_000;
/** From the shim's start to the joiner's. */
const joinMsMax = 500;
/** The joiner lives for some milliseconds, so it may be over before it was seen; not as often as this. */
const attempts = 8;
const rounds = isLong ? 6 : 1;

/** Processes that this one's first thread started. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Looks without pause, since what it looks for is soon gone; undefined when it was never seen. */
function spinFor(find: () => number | undefined, patienceMs: number): number | undefined {
  for (const end = performance.now() + patienceMs; performance.now() < end; ) {
    const found = find();
    if (found !== undefined) return found;
  }
  return undefined;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended before.
  }
}

/** Moments of the joiner, as the kernel shows them: nobody asks it. */
const moments: Readonly<Record<string, (joiner: number, target: number) => boolean>> = {
  'just started': () => true,
  "in the target's namespaces": (joiner, target) => namespaceOf(joiner) === namespaceOf(target),
  'without the privileges that are not asked for': (joiner) => effectiveOf(joiner) === '0000000000000004',
  'with a child inside': (joiner) => childrenOf(joiner).length > 0,
};

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return `gone ${pid}`;
  }
}

function effectiveOf(pid: number): string | undefined {
  try {
    return /^CapEff:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

describeWhen(missingForKernel(), 'a target ends while its payload is being started', () => {
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
    await until(() => left().length === 0, 'the end of all that was begun', 1_000);
    return Math.round(performance.now() - start);
  }

  /** One start whose joiner is stopped at a moment: what was seen, or undefined when it was over before. */
  async function stopAt(isMoment: (joiner: number, target: number) => boolean): Promise<string | undefined> {
    const target = await new DispatchTarget().start();
    const dispatch = target.begin([], [program, 'sleep', '60']);
    const code = new Promise((resolve) => dispatch.once('exit', resolve));
    const deputy = dispatch.pid as number;
    const shim = spinFor(() => childrenOf(deputy)[0], startMsMax) as number;
    const joiner = spinFor(() => {
      const [child] = childrenOf(shim);
      return child !== undefined && isMoment(child, target.processId) ? child : undefined;
    }, joinMsMax);
    // Neither goes deputy on, so that nothing of the start is undone by it.
    for (const pid of [joiner, deputy]) if (pid !== undefined) signal(pid, 'SIGSTOP');
    const begun = joiner === undefined ? [] : childrenOf(joiner);
    for (const pid of begun) signal(pid, 'SIGSTOP');
    const effective = joiner === undefined ? undefined : effectiveOf(joiner);
    const tookMs = await endTarget(target, [...begun, ...target.processes()]);
    signal(deputy, 'SIGCONT');
    // Where the moment was missed there is a payload by now, which the kernel kills.
    expect(await code).toBe(joiner === undefined ? 128 + 9 : 125);
    await target.end();
    if (effective === undefined) return undefined;
    return `capabilities ${effective}, ${begun.length} children: ${tookMs} ms`;
  }

  test('with the joiner stopped, and what it has begun', { timeout: rounds * 120_000 }, async () => {
    const caught: string[] = [];
    for (const [name, isMoment] of Object.entries(moments).flatMap((one) => Array(rounds).fill(one))) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const seen = await stopAt(isMoment);
        if (seen === undefined) continue;
        caught.push(`${name}: ${seen}`);
        break;
      }
    }
    console.log(caught.join('\n'));
    // The last moment is a fraction of a millisecond, which a busy machine may hide each time.
    expect(caught.length).toBeGreaterThanOrEqual(rounds * (Object.keys(moments).length - 1));
  });

  test('with the process stopped that waits to become the payload', async () => {
    const target = await new DispatchTarget().start();
    const dispatch = target.begin([], [program, 'sleep', '60']);
    const code = new Promise((resolve) => dispatch.once('exit', resolve));
    const deputy = dispatch.pid as number;
    spinFor(() => childrenOf(deputy)[0], startMsMax);
    // Nobody tells it to go on.
    signal(deputy, 'SIGSTOP');
    await until(() => joiners(target).length === 1 && target.processes().length === 1, 'it waits');
    const waiting = target.processes();
    expect(waiting).toEqual(joiners(target));
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
