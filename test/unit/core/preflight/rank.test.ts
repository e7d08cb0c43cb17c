import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assess } from '../../../../core/engine/assess.js';
import { policyAsks, unheldAsks } from '../../../../core/policy/asks.js';
import { defaultFields } from '../../../../core/policy/defaults.js';
import { resolvePolicy } from '../../../../core/policy/match.js';
import { parsePolicy } from '../../../../core/policy/parse.js';
import type { PreflightFacts } from '../../../../core/preflight/entry.js';
import { plainPod } from '../../../../core/preflight/pod-needs.js';
import { rank } from '../../../../core/preflight/rank.js';
import { knownStrategies, preflightTable } from '../../../../core/preflight/table.js';
import { dispatcher } from '../../../../strategies/dispatcher/index.js';
import { seccompNotify } from '../../../../strategies/seccomp-notify/index.js';
import { sidecarCaps, sidecarNotifier } from '../../../../strategies/sidecar-caps/index.js';
import { fakeStrategy } from '../../../support/fake-host.js';

const requirements = preflightTable.flatMap((entry) => [entry, ...(entry.forms ?? [])]);
const trialIds = [...new Set(requirements.flatMap(({ trials }) => trials.map(({ id }) => id)))];

function facts(over: Partial<PreflightFacts> = {}, failing: readonly string[] = []): PreflightFacts {
  const trials = trialIds.map((id) => [id, { ok: !failing.includes(id), detail: `${id} was tried` }]);
  return {
    inBuild: knownStrategies,
    trials: Object.fromEntries(trials),
    latencies: { native: '1 us', answered: '15 us' },
    pods: [{ name: 'Pod/vm', isTemplate: false, pod: plainPod }],
    ...over,
  };
}

function policy(defaults: object = {}) {
  return resolvePolicy(parsePolicy({ version: 1, defaults }), { containerId: 'vm', metadata: '' });
}

const wide = { confinement: 'none', dac: 'capability' };
const running = {
  containerId: 'vm',
  processId: 12,
  userNamespaceIsOurs: true,
  isInit: true,
  isFrozen: false,
  shares: { servable: true, reasons: [] },
};

function reasonsOf(ranking: ReturnType<typeof rank>, name: string) {
  return ranking.strategies.find(({ strategy }) => strategy === name)?.reasons ?? [];
}

describe('by level', () => {
  test.each(['restricted', 'baseline'])('%s: the notifier; why the sidecar is refused', (level) => {
    const ranking = rank(facts(), policy(), { level });
    expect(ranking.chosen).toBe('seccomp-notify');
    const reasons = reasonsOf(ranking, 'sidecar-caps');
    expect(reasons.map(({ text }) => text.split(':')[0])).toEqual(['as notifier', 'as broker']);
    for (const reason of reasons) {
      expect(reason).toMatchObject({ kind: 'pod-security' });
      expect(reason.text).toContain(`violates PodSecurity "${level}:latest"`);
      expect(reason.text).toContain('"DAC_READ_SEARCH"');
    }
  });

  test('privileged: each gets its place, by the preference of the policy', () => {
    const order = (defaults: object) => {
      const { strategies } = rank(facts(), policy(defaults), { level: 'privileged' });
      return strategies.map(({ strategy, rank: place }) => [strategy, place]);
    };
    expect(order({})).toEqual([
      ['seccomp-notify', 1],
      ['sidecar-caps', 2],
      ['file-handle', 3],
      ['dispatcher', null],
    ]);
    expect(order({ ...wide, strategies: ['dispatcher', 'file-handle', 'seccomp-notify'] })).toEqual([
      ['dispatcher', 1],
      ['seccomp-notify', 2],
      ['file-handle', null],
      ['sidecar-caps', null],
    ]);
  });

  test('a pod that the level refuses as it is gets no strategy, with the reason', () => {
    const pod = { spec: { hostNetwork: true, containers: [{ name: 'a' }] } };
    const pods = [{ name: 'Pod/vm', isTemplate: false, pod }];
    const ranking = rank(facts({ pods }), policy(wide), { level: 'baseline' });
    expect(ranking.chosen).toBeNull();
    for (const { reasons } of ranking.strategies) {
      expect(reasons[0]?.text).toContain(
        'Pod/vm itself violates PodSecurity "baseline:latest": host namespaces',
      );
    }
  });

  test('all pods of a manifest count', () => {
    const other = {
      name: 'Deployment/b',
      isTemplate: true,
      pod: { spec: { hostPID: true, containers: [{}] } },
    };
    const pods = [...facts().pods, other];
    expect(rank(facts({ pods }), policy(), { level: 'baseline' }).chosen).toBeNull();
    expect(rank(facts({ pods }), policy(), { level: 'privileged' }).chosen).toBe('seccomp-notify');
  });
});

describe('by kernel', () => {
  const level = { level: 'restricted' };

  test('without the notifier the dispatcher, if list and fields permit it', () => {
    const without = facts({}, ['notifier']);
    expect(
      rank(without, policy({ ...wide, strategies: ['seccomp-notify', 'dispatcher'] }), level).chosen,
    ).toBe('dispatcher');
    const held = rank(without, policy(), level);
    expect(held.chosen).toBeNull();
    expect(reasonsOf(held, 'seccomp-notify')[0]).toMatchObject({
      kind: 'trial',
      text: 'notifier: notifier was tried',
    });
    expect(reasonsOf(held, 'dispatcher')[0]?.text).toContain('confinement: sealed; dac: enforce');
    const listed = rank(without, policy({ ...wide, strategies: ['seccomp-notify'] }), level);
    expect(listed.chosen).toBeNull();
    expect(reasonsOf(listed, 'dispatcher')).toMatchObject([{ kind: 'policy-list' }]);
  });

  test('what was not tried is a no; what is optional is none', () => {
    const ranking = rank(facts({ trials: {} }), policy(wide), { level: 'privileged' });
    expect(ranking.chosen).toBeNull();
    expect(reasonsOf(ranking, 'seccomp-notify').map(({ text }) => text)).toEqual([
      'notifier: not tried',
      'open-by-handle: not tried',
      'become-and-open: not tried',
    ]);
    expect(rank(facts({}, ['runtime']), policy(), level).chosen).toBe('seccomp-notify');
  });

  test('what this build has not is said as such', () => {
    const ranking = rank(facts({ inBuild: ['dispatcher'] }), policy(), level);
    expect(reasonsOf(ranking, 'seccomp-notify')).toMatchObject([
      { kind: 'not-in-build', text: 'not in this build' },
    ]);
  });
});

describe('by form', () => {
  const sidecarOf = (failing: readonly string[], defaults: object = {}) =>
    rank(facts({}, failing), policy(defaults), { level: 'privileged' }).strategies.find(
      ({ strategy }) => strategy === 'sidecar-caps',
    );

  test('one that is possible is enough, and its price is the strategy’s', () => {
    for (const failing of ['notifier', 'same-user-access']) {
      const sidecar = sidecarOf([failing]);
      expect(sidecar).toMatchObject({ possible: true, reasons: [] });
      expect(sidecar?.forms).toMatchObject([
        { form: 'notifier', possible: false, reasons: [{ kind: 'trial' }] },
        { form: 'broker', possible: true, reasons: [] },
      ]);
      expect(sidecar?.price).toEqual(sidecar?.forms?.[1]?.price);
      expect(sidecar?.enforces).not.toContain('limits');
    }
    expect(sidecarOf([])?.price.restart).toContain('calls wait');
  });

  test('what is against both is said once, and the rest with the form that it is against', () => {
    const texts = sidecarOf(['notifier', 'become-and-open'])?.reasons.map(({ text }) => text);
    expect(texts).toEqual([
      'become-and-open: become-and-open was tried',
      'as notifier: notifier: notifier was tried',
    ]);
  });

  test('a deadline takes the form that can hold it', () => {
    const sidecar = sidecarOf([], { limits: { deadlineMs: 5 } });
    expect(sidecar?.forms?.map(({ form, possible }) => [form, possible])).toEqual([
      ['notifier', true],
      ['broker', false],
    ]);
  });
});

describe('by target', () => {
  const reasons = (over: object, name: string, defaults: object = wide) =>
    reasonsOf(
      rank(facts({ target: { ...running, ...over } }), policy(defaults), { level: 'privileged' }),
      name,
    );

  test('paused, no init, one that could take a payload over: not the dispatcher', () => {
    expect(reasons({}, 'dispatcher')).toEqual([]);
    expect(reasons({ isFrozen: true }, 'dispatcher')[0]?.text).toContain('frozen');
    expect(reasons({ isInit: false }, 'dispatcher')[0]?.text).toContain('not the first of a pid namespace');
    expect(reasons({ takeOver: 'it is root' }, 'dispatcher')[0]?.text).toContain('it is root');
  });

  test('handles that are not to be sealed: none of those that are made of seals', () => {
    const text = 'it opens sealed handles only, and the policy says `confinement: none`';
    expect(reasons({}, 'file-handle').map((one) => one.text)).toEqual([text]);
    const { strategies } = rank(facts(), policy(wide), { level: 'privileged' });
    const sidecar = strategies.find(({ strategy }) => strategy === 'sidecar-caps');
    expect(
      sidecar?.forms?.map(({ form, possible, reasons: against }) => [form, possible, against[0]?.text]),
    ).toEqual([
      ['notifier', true, undefined],
      ['broker', false, text],
    ]);
  });

  test('a pod with a user namespace of its own: not the sidecar, in whose place the capability opens nothing', () => {
    const { spec } = plainPod as { spec: object };
    const pods = [{ name: 'Pod/vm', isTemplate: false, pod: { spec: { ...spec, hostUsers: false } } }];
    const ranking = rank(facts({ pods }), policy(), { level: 'privileged' });
    expect(ranking.chosen).toBe('seccomp-notify');
    // Said once, since it is against both forms.
    expect(reasonsOf(ranking, 'sidecar-caps')).toMatchObject([
      { kind: 'target', text: expect.stringMatching(/^Pod\/vm has a user namespace of its own/) },
    ]);
  });

  test('shares whose handles can’t be sealed: neither of those that seal', () => {
    const shares = { servable: false, reasons: ['ramfs at /share: no handles'] };
    expect(reasons({ shares }, 'seccomp-notify', {})[0]?.text).toContain('ramfs');
    expect(reasons({ shares }, 'sidecar-caps', {})[0]?.text).toContain('ramfs');
  });
});

describe('always', () => {
  const anyFields = fc.record(
    {
      syscalls: fc.subarray(['open_by_handle_at', 'name_to_handle_at']),
      shares: fc.constantFrom('all', [{ name: 'data', path: '/share' }]),
      filesystems: fc.subarray([...defaultFields.filesystems, 'nfs']),
      confinement: fc.constantFrom('sealed', 'filesystem', 'none'),
      dac: fc.constantFrom('enforce', 'capability'),
      opath: fc.constantFrom('fast', 'exact'),
      placement: fc.constantFrom('none', 'follow', 'pin'),
      strategies: fc.shuffledSubarray([...knownStrategies, 'telepathy'], { minLength: 1 }),
      limits: fc.record({ deadlineMs: fc.nat(5), inFlightPerTarget: fc.integer({ min: 1, max: 100 }) }),
    },
    { requiredKeys: [] },
  );
  const anyFacts = fc.record({
    inBuild: fc.subarray([...knownStrategies]),
    failing: fc.subarray(trialIds),
    target: fc.option(
      fc.record({
        ...Object.fromEntries(['containerId'].map((key) => [key, fc.constant('vm')])),
        processId: fc.constant(12),
        userNamespaceIsOurs: fc.boolean(),
        isInit: fc.boolean(),
        isFrozen: fc.boolean(),
        shares: fc.record({ servable: fc.boolean(), reasons: fc.constant(['no handles']) }),
      }),
      { nil: undefined },
    ),
  });

  test('never one that the policy forbids, or that can’t hold what it asks; the same of the same', () => {
    fc.assert(
      fc.property(
        anyFields,
        anyFacts,
        fc.constantFrom('privileged', 'baseline', 'restricted'),
        (fields, { inBuild, failing, target }, level) => {
          const known = facts({ inBuild, ...(target ? { target: { ...running, ...target } } : {}) }, failing);
          const asked = policy(fields);
          const ranking = rank(known, asked, { level });
          expect(rank(structuredClone(known), structuredClone(asked), { level })).toEqual(ranking);
          expect(new Set(ranking.strategies.map(({ strategy }) => strategy))).toEqual(
            new Set([...asked.strategies, ...knownStrategies]),
          );
          const possible = ranking.strategies.filter((one) => one.possible);
          expect(ranking.chosen).toBe(possible[0]?.strategy ?? null);
          expect(possible.map(({ strategy }) => strategy)).toEqual(
            asked.strategies.filter((name) => possible.some(({ strategy }) => strategy === name)),
          );
          for (const { strategy, enforces, reasons, possible: can, rank: place } of ranking.strategies) {
            expect(can).toBe(reasons.length === 0);
            expect(place === null).toBe(!can);
            if (!can) continue;
            expect(asked.strategies).toContain(strategy);
            expect(inBuild).toContain(strategy);
            expect(unheldAsks(asked, enforces)).toEqual([]);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test('an engine’s auto takes what the ranking chooses, and has the others in the same order', async () => {
    const names = ['seccomp-notify', 'file-handle', 'dispatcher'];
    await fc.assert(
      fc.asyncProperty(anyFields, fc.shuffledSubarray(names), async (fields, inBuild) => {
        const asked = policy(fields);
        const strategies = inBuild.map((name) => {
          const enforces = preflightTable.find(({ strategy }) => strategy === name)?.enforces ?? [];
          const possible = name !== 'file-handle' || asked.confinement === 'sealed';
          return fakeStrategy({ name, enforces, possible });
        });
        const target = { containerId: 'vm' };
        const request = { wanted: 'auto', target, closesListener: false, failed: new Set<string>() };
        const { ranked } = await assess(strategies, asked, request);
        const ranking = rank(facts({ inBuild }), asked, { level: 'restricted' });
        expect(ranked.map(({ name }) => name)).toEqual(
          ranking.strategies.filter(({ possible }) => possible).map(({ strategy }) => strategy),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('a policy at its widest asks nothing, and each field less is one that is asked', () => {
    expect(policyAsks(policy(wide))).toEqual([]);
    expect(policyAsks(policy({ ...wide, placement: 'pin', record: 'summary' }))).toEqual([]);
    const less: [string, object][] = [
      ['syscalls', { syscalls: ['name_to_handle_at'] }],
      ['shares', { shares: [{ name: 'data', path: '/share' }] }],
      ['filesystems', { filesystems: ['ext4'] }],
      ['confinement', { confinement: 'filesystem' }],
      ['dac', { dac: 'enforce' }],
      ['opath', { opath: 'exact' }],
      ['limits', { limits: { deadlineMs: 1 } }],
      ['limits', { limits: { inFlightPerTarget: 1 } }],
    ];
    for (const [field, change] of less) {
      expect(policyAsks(policy({ ...wide, ...change })).map((ask) => ask.field)).toEqual([field]);
    }
  });

  test('strategies and the table say the same of what is enforced', () => {
    const strategies = [
      seccompNotify({ service: {} as never }),
      dispatcher({ payloads: {} as never, payload: () => ({}) as never }),
    ];
    const forms = {
      broker: sidecarCaps({ broker: {} as never }),
      notifier: sidecarNotifier({ service: {} as never }),
    };
    const sidecar = preflightTable.find(({ strategy }) => strategy === 'sidecar-caps');
    for (const [form, { enforces }] of Object.entries(forms)) {
      const entry = sidecar?.forms?.find((one) => one.form === form);
      expect([...enforces].sort()).toEqual([...(entry?.enforces ?? [])].sort());
    }
    for (const { name, enforces } of strategies) {
      const entry = preflightTable.find(({ strategy }) => strategy === name);
      expect([...enforces].sort()).toEqual([...(entry?.enforces ?? [])].sort());
    }
  });
});
