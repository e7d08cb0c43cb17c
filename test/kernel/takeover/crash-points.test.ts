import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Step } from '../../../core/steps/step.js';
import { handlers } from '../../../strategies/seccomp-notify/handlers/registry.js';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import type { Flavour } from '../support/trap-target.js';
import { type CrashCall, crashCalls } from './support/crash-calls.js';
import { type CrashRun, CrashStage, flavours } from './support/crash-stage-run.js';

/** Where the first of two dies. */
const firstCrashes: readonly { call: string; point: string }[] = [
  { call: 'O_RDONLY', point: 'add-descriptor:after' },
  { call: 'O_RDWR|O_TRUNC', point: 'open:after' },
  { call: 'O_PATH exact', point: 'inject-descriptor:after' },
  { call: 'O_RDONLY', point: 'answer-number:before' },
  { call: 'O_RDONLY', point: 'answer-number:after' },
  { call: 'O_RDONLY', point: 'identify-thread:after' },
];

const crashesOfOneAgent = 40;

/** Steps that no call of this file passes, each with the reason. */
const notReached: Readonly<Record<string, string>> = {
  cancelled: 'the target gives nothing up here',
  'withdraw-descriptor': 'only when a signal ends the call between the addition and the answer',
  withdrawn: 'follows withdraw-descriptor',
  'check-root': 'only with confinement: filesystem; shown on the kernel in memory',
};

/** A step without an act is one moment, not two. */
function pointsOf({ name, act }: Step): string[] {
  return act === undefined ? [`${name}:before`] : [`${name}:before`, `${name}:after`];
}

function pointsOfTrace(call: CrashCall, trace: readonly string[]): string[] {
  const steps = call.handler.steps.filter(({ name }) => trace.includes(name));
  return steps.flatMap(pointsOf);
}

function callOf(name: string): CrashCall {
  return crashCalls.find((call) => call.name === name) as CrashCall;
}

/** Every point of the trace is tried in the long form; in the short one those that no other call tried. */
class Choice {
  private readonly tried = new Set<string>();
  private count = 0;

  wants(point: string): boolean {
    if (isLong) return true;
    if (this.tried.has(point)) return false;
    this.tried.add(point);
    return true;
  }

  flavours(): readonly Flavour[] {
    return isLong ? flavours : [flavours[this.count++ % 2] as Flavour];
  }
}

describeWhen(missingForKernel(), 'supervisors that die at every step', () => {
  let stage: CrashStage;
  const runs: CrashRun[] = [];
  const reached = new Set<string>();
  const choice = new Choice();

  beforeAll(async () => {
    stage = await CrashStage.open();
    for (const call of crashCalls) for (const flavour of flavours) await stage.reference(call, flavour);
  }, 60_000);

  afterAll(async () => {
    expect(await stage.close()).toBe(0);
  }, 60_000);

  /** A fresh agent now and then: each take-over begins segments of the journal, which are kept for a while. */
  async function run(call: CrashCall, flavour: Flavour, points: readonly string[]): Promise<CrashRun> {
    if (stage.crashes > crashesOfOneAgent) {
      expect(await stage.close()).toBe(0);
      stage = await CrashStage.open();
    }
    return note(await stage.run(call, flavour, points));
  }

  function note(run: CrashRun): CrashRun {
    runs.push(run);
    for (const name of run.trace) reached.add(name);
    for (const point of run.points) {
      if (!run.left.includes(point)) reached.add(point.slice(0, point.indexOf(':')));
    }
    return run;
  }

  /** The right answer, nothing left in the table, and one event. */
  function check(run: CrashRun): void {
    const where = `${run.call}, ${run.flavour}, ${run.points.join(' then ')}`;
    const detail = `${where}: ${JSON.stringify(run.outcome)} ${JSON.stringify(run.events)} ${run.trace.join(' ')}`;
    expect.soft(run.isRight, detail).toBe(true);
    expect.soft(run.events.length, `${detail}: events`).toBe(1);
    expect.soft(run.events[0]?.type, detail).toMatch(/answered|refused/);
  }

  test('undisturbed, the calls are what they should be', async () => {
    for (const call of crashCalls) {
      for (const flavour of flavours) {
        const run = note(await stage.reference(call, flavour));
        expect(run.events.length, call.name).toBe(1);
        const { result, left, description } = run.outcome as Record<string, unknown>;
        expect(left).toEqual([]);
        if (/^(bad|stale) handle$/.test(call.name)) expect(result).toBe('ESTALE');
        else if (call.name === 'refused') expect(result).toBe('EACCES');
        else expect(typeof result, `${call.name}: ${String(result)}`).toBe('number');
        const flags = Number.parseInt((description as { flags?: string })?.flags ?? '0', 8);
        if (typeof result === 'number' && !call.isSubstitute) expect(flags & 0o6000).toBe(0);
      }
    }
    runs.splice(0);
  });

  test('a standby that rehearses passes no crash point, and does not die of one', async () => {
    for (const point of ['identify-thread:before', 'open:before']) {
      expect(await stage.rehearseUnder(point)).toEqual([point]);
    }
  });

  test('each call gets its right answer', { timeout: isLong ? 3_600_000 : 300_000 }, async () => {
    for (const call of crashCalls) {
      const points = pointsOfTrace(call, (await stage.reference(call, 'plain')).trace);
      for (const point of points.filter((each) => choice.wants(each))) {
        for (const flavour of choice.flavours()) {
          const seen = await run(call, flavour, [point]);
          expect.soft(seen.left, `${call.name} passes ${point}`).toEqual([]);
          check(seen);
        }
      }
    }
  });

  test('also when the successor dies as it recovers', { timeout: isLong ? 3_600_000 : 300_000 }, async () => {
    const isShort = (point: string): boolean => /^(recover|ask|inject|answered-before)/.test(point);
    // In the short form one that adds and one that injects.
    const tried = firstCrashes.filter((_, index) => isLong || index === 0 || index === 2);
    for (const { call: name, point } of tried) {
      const call = callOf(name);
      const recovery = await run(call, 'plain', [point]);
      check(recovery);
      // The short form tries the recovery's own steps after each first crash, and others if none was yet.
      const seconds = pointsOfTrace(call, recovery.trace).filter((each) =>
        choice.wants(isShort(each) ? `${point} ${each}` : each),
      );
      for (const second of seconds.filter((_, index) => isLong || index % 5 === 0)) {
        for (const flavour of choice.flavours()) check(await run(call, flavour, [point, second]));
      }
    }
  });

  test('no step is left out without a reason', () => {
    const names = new Set(handlers.flatMap(({ steps }) => steps.map(({ name }) => name)));
    const missing = [...names].filter((name) => !reached.has(name));
    for (const name of missing) console.log(`not reached: ${name}: ${notReached[name] ?? 'no reason'}`);
    expect(missing.sort()).toEqual(Object.keys(notReached).sort());
    printTable(runs);
  });
});

/** Points by outcomes: how each request was recovered. */
function printTable(runs: readonly CrashRun[]): void {
  const lines = new Map<string, string[]>();
  for (const { call, flavour, points, left, isRight, events } of runs) {
    const key = `${call.padEnd(18)} ${points.join(' then ')}`;
    const how = events
      .map(({ type, recovery }) => `${type.slice('request.'.length)}, ${recovery}`)
      .join(' + ');
    const passed = left.length === 0 ? '' : `, not passed: ${left.join(' ')}`;
    const text = `${flavour}: ${isRight ? 'right' : 'WRONG'} (${how}${passed})`;
    lines.set(key, [...(lines.get(key) ?? []), text]);
  }
  const table = [...lines].map(([key, texts]) => `${key.padEnd(72)} ${texts.join(' | ')}`);
  const counts: Record<string, number> = {};
  for (const { isRight, events } of runs) {
    const key = `${isRight ? 'right' : 'WRONG'}, ${events.map(({ recovery }) => recovery).join(' + ')}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  console.log(
    [...table, '', `${runs.length} calls whose supervisor died`, JSON.stringify(counts)].join('\n'),
  );
}
