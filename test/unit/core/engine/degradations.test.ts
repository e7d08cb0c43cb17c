import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Degradations } from '../../../../core/engine/degradations.js';
import { eventRegistry } from '../../../../core/events/registry.js';
import { parsePolicy } from '../../../../core/policy/parse.js';
import type { HandleUse } from '../../../../core/request/handle-use.js';
import { FakeHost, fakeStrategy } from '../../../support/fake-host.js';

const second = 1_000_000;
const thresholds = { afterMs: 10_000, silentMs: 0 };
const nothing: HandleUse = {
  named: 0,
  opened: 0,
  firstCallAtUs: 0,
  lastCallAtUs: 0,
  namedSinceUs: undefined,
  lastNamedAtUs: undefined,
  lastOpenedAtUs: undefined,
  failure: undefined,
};
const opened: HandleUse = { ...nothing, opened: 1, lastOpenedAtUs: 0 };

/** Looks each second up to a time: the reasons, with the seconds at which they were told. */
function told(
  degradations: Degradations,
  useAt: (seconds: number) => HandleUse | undefined,
  seconds: number,
  limits = thresholds,
): string[] {
  const reasons: string[] = [];
  for (let at = 0; at <= seconds; at++) {
    const spell = degradations.look('a', useAt(at), limits, at * second);
    if (spell !== undefined) reasons.push(`${at} ${spell.reason}`);
  }
  return reasons;
}

describe('a target', () => {
  test('that makes no call at all has nothing told of it: it may not have begun', () => {
    expect(told(new Degradations(), () => undefined, 100)).toEqual([]);
  });

  test('that tries one handle and gives up, as virtiofsd with `prefer`: once, with the errno', () => {
    const failed = { ...nothing, named: 1, lastNamedAtUs: 0, failure: { atUs: 0, errno: 1 } };
    const degradations = new Degradations();
    expect(told(degradations, () => failed, 100)).toEqual(['10 never-opened']);
    expect(degradations.spellOf('a')).toMatchObject({ errno: 'EPERM', quietMs: 10_000 });
  });

  test('of which a predecessor told is not told of again, and is known to be in that spell until it opens', () => {
    const degradations = new Degradations();
    degradations.adopt('a', 0);
    const use = { ...nothing, named: 1, lastNamedAtUs: 0, told: 'never-opened' } as const;
    expect(told(degradations, () => use, 100)).toEqual([]);
    expect(degradations.spellOf('a')).toMatchObject({ reason: 'never-opened' });
    const since = { ...opened, lastOpenedAtUs: 101 * second, failure: { atUs: 102 * second, errno: 38 } };
    expect(degradations.look('a', since, thresholds, 103 * second)).toBeUndefined();
    expect(degradations.spellOf('a')).toBeUndefined();
    expect(degradations.look('a', since, thresholds, 113 * second)).toMatchObject({ reason: 'open-failed' });
  });

  test('that opened, and then fails as where handles do not work', () => {
    const use = (at: number) => (at < 5 ? opened : { ...opened, failure: { atUs: 5 * second, errno: 95 } });
    expect(told(new Degradations(), use, 100)).toEqual(['15 open-failed']);
  });

  test('that asks on for handles and opens none; one that is idle behind its last name is left alone', () => {
    const asks = (at: number) => ({
      ...opened,
      namedSinceUs: 0,
      lastNamedAtUs: at * second,
      lastCallAtUs: at * second,
    });
    expect(told(new Degradations(), asks, 100)).toEqual(['10 named-only']);
    const idle = { ...opened, namedSinceUs: 0, lastNamedAtUs: 9 * second, lastCallAtUs: 9 * second };
    expect(told(new Degradations(), () => idle, 1_000)).toEqual([]);
    // Nor is one that asks again after an hour, the moment before it opens.
    const hour = 3_600 * second;
    const woken = { ...opened, namedSinceUs: hour, lastNamedAtUs: hour, lastCallAtUs: hour };
    const use = (at: number) => (at * second < hour ? opened : woken);
    expect(told(new Degradations(), use, 3_700)).toEqual([]);
  });

  test('that is silent: only where the policy asks', () => {
    expect(told(new Degradations(), () => opened, 1_000)).toEqual([]);
    const limits = { afterMs: 0, silentMs: 60_000 };
    expect(told(new Degradations(), () => opened, 1_000, limits)).toEqual(['60 silent']);
    expect(told(new Degradations(), () => nothing, 1_000, limits)).toEqual([]);
  });

  test('that opens again ends its spell, and begins another one later', () => {
    const limits = { afterMs: 10_000, silentMs: 20_000 };
    const use = (at: number) => {
      const last = at < 50 ? 0 : 50 * second;
      return { ...opened, lastOpenedAtUs: last, lastCallAtUs: last };
    };
    const degradations = new Degradations();
    expect(told(degradations, use, 49, limits)).toEqual(['20 silent']);
    degradations.look('a', use(50), limits, 50 * second);
    expect(degradations.spellOf('a')).toBeUndefined();
    expect(degradations.look('a', use(70), limits, 70 * second)?.reason).toBe('silent');
  });

  test('of a predecessor is one that may have opened: names alone are no sign until they go on', () => {
    const degradations = new Degradations();
    degradations.adopt('a', 0);
    const named = {
      ...nothing,
      named: 1,
      firstCallAtUs: second,
      lastCallAtUs: second,
      lastNamedAtUs: second,
    };
    expect(told(degradations, () => named, 100)).toEqual([]);
  });

  test('whatever it does: a spell is told once, and another one only after an open', () => {
    const steps = fc.array(fc.constantFrom('open', 'name', 'fail', 'wait'), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (calls) => {
        const degradations = new Degradations();
        let use: HandleUse | undefined;
        let inSpell = false;
        calls.forEach((call, at) => {
          const nowUs = at * 4 * second;
          if (call !== 'wait')
            use = { ...(use ?? { ...nothing, firstCallAtUs: nowUs }), lastCallAtUs: nowUs };
          if (call === 'open' && use) use = { ...use, lastOpenedAtUs: nowUs, failure: undefined };
          if (call === 'name' && use) use = { ...use, lastNamedAtUs: nowUs };
          if (call === 'fail' && use) use = { ...use, failure: { atUs: nowUs, errno: 1 } };
          if (call === 'open') inSpell = false;
          const begun = degradations.look('a', use, { afterMs: 10_000, silentMs: 30_000 }, nowUs);
          if (begun !== undefined) expect(inSpell).toBe(false);
          if (begun !== undefined) inSpell = true;
          expect(degradations.spellOf('a') !== undefined).toBe(inSpell);
        });
      }),
    );
  });
});

describe('an engine', () => {
  test('tells once, by its clock, with a valid event, and shows it in its status', async () => {
    const host = new FakeHost();
    let nowUs = 0;
    const clock = { nowMs: () => 0, monotonicUs: () => nowUs };
    const strategy = fakeStrategy({ use: () => ({ ...nothing, named: 3, lastNamedAtUs: 0 }) });
    const engine = host.engine([strategy], { clock });
    const { id } = await engine.delegate({ target: { containerId: 'vm-1' } });
    engine.noticeDegradations();
    expect(engine.status().delegations[0]).not.toHaveProperty('degraded');
    nowUs = 10 * second;
    engine.noticeDegradations();
    engine.noticeDegradations();
    const degraded = (await host.stored()).filter(({ type }) => type === 'delegation.degraded');
    expect(degraded).toHaveLength(1);
    const [{ data, delegationId } = { data: {}, delegationId: '' }] = degraded;
    expect(delegationId).toBe(id);
    expect(eventRegistry['delegation.degraded'].schema.parse(data)).toEqual(data);
    expect(data).toMatchObject({ reason: 'never-opened', named: 3, opened: 0, quietMs: 10_000 });
    expect(engine.status().delegations[0]?.degraded).toContain('never opened one');
  });

  test('does not judge what it has not seen yet by the time of now', async () => {
    const host = new FakeHost();
    const clock = { nowMs: () => 0, monotonicUs: () => 100 * second };
    const use = () => ({ ...nothing, named: 1, knownUntilUs: 9 * second });
    const engine = host.engine([fakeStrategy({ use })], { clock });
    await engine.delegate({ target: { containerId: 'vm-1' } });
    engine.noticeDegradations();
    expect(await host.types()).not.toContain('delegation.degraded');
  });
});

test('a policy has bounds for it, and merges them one by one', () => {
  const degradation = { silentMs: 60_000 };
  const policy = parsePolicy({ version: 1, defaults: { degradation } });
  expect(policy.defaults.degradation).toEqual({ afterMs: 10_000, silentMs: 60_000 });
  for (const wrong of [{ afterMs: 999 }, { afterMs: -1 }, { silentMs: 604_800_001 }, { sometimes: 1 }]) {
    expect(() => parsePolicy({ version: 1, defaults: { degradation: wrong } })).toThrow('degradation');
  }
});
