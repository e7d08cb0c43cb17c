import { beforeEach, describe, expect, test } from 'vitest';
import { foldDelegation } from '../../../../core/machines/delegation-state.js';
import { FakeHost, fakeStrategy } from '../../../support/fake-host.js';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
const target = { containerId: 'vm-1', processId: 12, metadata: '' };
const both = { strategies: ['seccomp-notify', 'dispatcher'] };
const open = { ...both, confinement: 'none', dac: 'capability' };

const fails = (message: string) => () => {
  throw new Error(message);
};

/** The events by type and what matters of them, and a proof that their order is one that there may be. */
async function history(): Promise<unknown[]> {
  const events = await host.stored();
  for (const id of new Set(events.map(({ delegationId }) => delegationId))) {
    foldDelegation(events.filter(({ delegationId }) => delegationId === id));
  }
  return events.map(({ type, data }) => {
    const { strategy, from, to, chosen } = data as Record<string, unknown>;
    return [type.replace('delegation.', ''), from ?? chosen ?? strategy, ...(to === undefined ? [] : [to])];
  });
}

describe('at establishing', () => {
  test('what fails is replaced by the next, as events with the reason; the rest of the story is the next’s', async () => {
    const engine = host.engine(
      [
        fakeStrategy({ onEstablish: fails('out of luck') }),
        fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] }),
      ],
      { policy: host.policy(open) },
    );
    const status = await engine.delegate({ target });
    expect(status).toMatchObject({ state: 'active', strategy: 'dispatcher' });
    expect(await history()).toEqual([
      ['requested', 'auto'],
      ['assessed', 'seccomp-notify'],
      ['admitted', 'seccomp-notify'],
      ['establishing', 'seccomp-notify'],
      ['fellback', 'seccomp-notify', 'dispatcher'],
      ['admitted', 'dispatcher'],
      ['establishing', 'dispatcher'],
      ['active', 'dispatcher'],
    ]);
    const admitted = (await host.stored()).findLast(({ type }) => type === 'delegation.admitted');
    expect(admitted?.data).toMatchObject({
      enforced: [],
      notEnforced: expect.arrayContaining(['confinement']),
    });
    const fellback = (await host.stored()).find(({ type }) => type === 'delegation.fellback');
    expect(fellback?.data).toMatchObject({ message: expect.stringContaining('out of luck') });
  });

  test('never one that can’t hold what the policy asks, nor one that it doesn’t list', async () => {
    for (const policy of [both, { ...open, strategies: ['seccomp-notify'] }]) {
      host = new FakeHost();
      const strategies = [
        fakeStrategy({ onEstablish: fails('out of luck') }),
        fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] }),
      ];
      const engine = host.engine(strategies, { policy: host.policy(policy) });
      await expect(engine.delegate({ target })).rejects.toThrow('out of luck');
      expect((await host.types()).at(-1)).toBe('delegation.failed');
      expect(await host.types()).not.toContain('delegation.fellback');
    }
  });

  test('nor one that the policy has forbidden since, or that says no by now', async () => {
    let possible = true;
    const dispatched = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const second = { ...dispatched, assess: async () => ({ possible, reasons: ['not any more'] }) };
    for (const change of ['policy', 'assessment']) {
      host = new FakeHost();
      possible = true;
      const first = fakeStrategy({
        onEstablish: () => {
          if (change === 'policy') engine.setPolicy(host.policy({ ...open, strategies: ['seccomp-notify'] }));
          else possible = false;
          throw new Error('out of luck');
        },
      });
      const engine = host.engine([first, second], { policy: host.policy(open) });
      await expect(engine.delegate({ target })).rejects.toThrow('out of luck');
      expect(await host.types(), change).not.toContain('delegation.fellback');
    }
  });

  test('one that is asked for by name has none to fall back to, and may leave fields unheld', async () => {
    const second = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const first = fakeStrategy({ onEstablish: fails('out of luck') });
    const engine = host.engine([first, second], { policy: host.policy(both) });
    await expect(engine.delegate({ target, strategy: 'seccomp-notify' })).rejects.toThrow('out of luck');
    const named = await engine.delegate({ target, strategy: 'dispatcher' });
    expect(named).toMatchObject({ state: 'active', strategy: 'dispatcher' });
    await expect(host.engine([second]).delegate({ target, strategy: 'auto' })).rejects.toMatchObject({
      code: 'DEPUTY_E_STRATEGY_REFUSED',
      message: expect.stringContaining('confinement: sealed; dac: enforce'),
    });
  });

  test('a listener that nobody answers is closed; where nobody would close it, no such strategy serves', async () => {
    const strategies = [
      fakeStrategy({ onEstablish: fails('out of luck') }),
      fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] }),
    ];
    const engine = host.engine(strategies, { policy: host.policy(open) });
    const given = { ...target, listener: 7 };
    await expect(engine.delegate({ target: given })).rejects.toThrow('out of luck');
    let closed = 0;
    const status = await engine.delegate({ target: given, onListenerUnused: () => closed++ });
    expect(status.strategy).toBe('dispatcher');
    expect(closed).toBe(1);
  });
});

describe('later, for good', () => {
  const answerer = {};
  const fatal = new Error('the socket is gone');
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test('in place between answerers of the same listener: all its ways in go on', async () => {
    const entries = [
      { ...target, listener: 7, listenerKey: 1 },
      { ...target, listener: 8, listenerKey: 2 },
    ];
    let released = 0;
    const first = fakeStrategy({ answerer, letGo: () => entries, onRelease: () => released++ });
    const second = fakeStrategy({ name: 'sidecar-caps', answerer });
    const engine = host.engine([first, second]);
    const { id } = await engine.delegate({ target: entries[0] as typeof target });
    first.hooks?.ended('it broke', fatal);
    await settled();
    expect(engine.status().delegations).toMatchObject([{ id, state: 'active', strategy: 'sidecar-caps' }]);
    expect(second.joined).toEqual([8]);
    expect(released).toBe(0);
    expect((await history()).slice(5)).toEqual([
      ['fellback', 'seccomp-notify', 'sidecar-caps'],
      ['admitted', 'sidecar-caps'],
      ['establishing', 'sidecar-caps'],
      ['active', 'sidecar-caps'],
    ]);
    // What the first one says from now on is nobody's business.
    first.hooks?.ended('it broke again', fatal);
    await settled();
    expect(engine.status().delegations).toMatchObject([{ state: 'active' }]);
  });

  test('in place and failing there: the listeners are closed, the delegation has failed', async () => {
    const entries = [{ ...target, listener: 7, listenerKey: 1 }];
    let released = 0;
    const first = fakeStrategy({ answerer, letGo: () => entries, onRelease: () => released++ });
    const second = fakeStrategy({ name: 'sidecar-caps', answerer, onEstablish: fails('no') });
    const engine = host.engine([first, second]);
    await engine.delegate({ target: entries[0] as typeof target });
    first.hooks?.ended('it broke', fatal);
    await settled();
    expect(released).toBe(1);
    expect(engine.status().delegations).toMatchObject([{ state: 'failed' }]);
    expect((await history()).at(-1)).toEqual(['failed', undefined]);
  });

  test('any other takes effect when the target starts next, and says so', async () => {
    let released = 0;
    const first = fakeStrategy({ answerer, onRelease: () => released++ });
    const second = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const policy = host.policy(open);
    const engine = host.engine([first, second], { policy });
    await engine.delegate({ target });
    first.hooks?.ended('it broke', fatal);
    await settled();
    expect(released).toBe(1);
    expect(engine.status().delegations).toMatchObject([{ state: 'failed', strategy: 'seccomp-notify' }]);
    expect((await history()).slice(5)).toEqual([
      ['fellback', 'seccomp-notify', 'dispatcher'],
      ['failed', undefined],
    ]);
    const said = (await host.stored()).find(({ type }) => type === 'delegation.fellback');
    expect(said?.data).toMatchObject({
      code: 'DEPUTY_E_FALLBACK_AT_NEXT_START',
      message: expect.stringContaining('when the target starts next, not before'),
    });
    // The next start takes the other one; the one after that is assessed as any.
    expect(await engine.delegate({ target })).toMatchObject({ strategy: 'dispatcher' });
    second.hooks?.ended('done');
    await settled();
    expect(await engine.delegate({ target })).toMatchObject({ strategy: 'seccomp-notify' });
  });

  test('another answerer, or one that can’t let go, is not in place', async () => {
    for (const [letGo, other] of [
      [() => [{ ...target, listener: 7 }], {}],
      [undefined, answerer],
    ] as const) {
      host = new FakeHost();
      const first = fakeStrategy({ answerer, ...(letGo === undefined ? {} : { letGo }) });
      const second = fakeStrategy({ name: 'sidecar-caps', answerer: other });
      const engine = host.engine([first, second]);
      await engine.delegate({ target: { ...target, listener: 7 } });
      first.hooks?.ended('it broke', fatal);
      await settled();
      expect((await history()).slice(5)).toEqual([
        ['fellback', 'seccomp-notify', 'sidecar-caps'],
        ['failed', undefined],
      ]);
      expect(second.policies).toEqual([]);
    }
  });

  test('whoever is released while it changes hands is released, and nothing more', async () => {
    let released = 0;
    const entries = [{ ...target, listener: 7 }];
    const first = fakeStrategy({ answerer, letGo: () => entries, onRelease: () => released++ });
    const second = fakeStrategy({ name: 'sidecar-caps', answerer, onRelease: () => released++ });
    const engine = host.engine([first, second]);
    const { id } = await engine.delegate({ target: entries[0] as typeof target });
    first.hooks?.ended('it broke', fatal);
    await engine.release(id, 'enough');
    await settled();
    expect((await host.types()).at(-1)).toBe('delegation.released');
    expect((await host.types()).filter((type) => type === 'delegation.released')).toHaveLength(1);
    await history();
    expect(released).toBeGreaterThan(0);
    expect(engine.status().delegations).toMatchObject([{ id, state: 'released' }]);
  });

  test('without one that the policy permits there is a failure, and no word of another', async () => {
    const first = fakeStrategy({ answerer });
    const second = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const engine = host.engine([first, second], { policy: host.policy(both) });
    await engine.delegate({ target });
    first.hooks?.ended('it broke', fatal);
    await settled();
    expect((await history()).slice(5)).toEqual([['failed', undefined]]);
    const failed = (await host.stored()).at(-1);
    expect(failed?.data).toMatchObject({
      code: 'DEPUTY_E_STRATEGY_FAILED',
      message: expect.stringContaining('it broke'),
    });
  });
});

describe('a policy that rules out the strategy at work', () => {
  const answerer = {};
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const entries = [
    { ...target, listener: 7, listenerKey: 16 },
    { ...target, listener: 8, listenerKey: 17 },
  ];
  const only = (name: string) => host.policy({ strategies: [name] });
  const notifier = () => fakeStrategy({ answerer, letGo: () => entries });
  const handles = () =>
    fakeStrategy({
      ...{ name: 'file-handle', answerer, letGo: () => entries },
      unfitFor: ({ confinement }) => (confinement === 'sealed' ? undefined : 'it is made of sealed handles'),
    });

  test('in place, with the reason, and back; each time it is told which ways in are whose', async () => {
    const replaced: unknown[] = [];
    const [first, second] = [notifier(), handles()];
    const engine = host.engine([first, second], {
      policy: only('seccomp-notify'),
      onReplaced: (id, strategy, targets) =>
        replaced.push([id, strategy, targets.map(({ listenerKey }) => listenerKey)]),
    });
    const { id } = await engine.delegate({ target: entries[0] as typeof target });
    engine.setPolicy(only('file-handle'));
    await settled();
    expect(engine.status().delegations).toMatchObject([{ id, state: 'active', strategy: 'file-handle' }]);
    expect(second.joined).toEqual([8]);
    // What it can't be held to rules it out as well, whoever is listed.
    engine.setPolicy(host.policy({ strategies: ['file-handle', 'seccomp-notify'], confinement: 'none' }));
    await settled();
    expect(engine.status().delegations).toMatchObject([{ id, state: 'active', strategy: 'seccomp-notify' }]);
    expect(first.policies.at(-1)).toMatchObject({ confinement: 'none' });
    expect(replaced).toEqual([
      [id, 'file-handle', [16, 17]],
      [id, 'seccomp-notify', [16, 17]],
    ]);
    expect((await history()).slice(5)).toEqual([
      ['fellback', 'seccomp-notify', 'file-handle'],
      ['admitted', 'file-handle'],
      ['establishing', 'file-handle'],
      ['active', 'file-handle'],
      ['fellback', 'file-handle', 'seccomp-notify'],
      ['admitted', 'seccomp-notify'],
      ['establishing', 'seccomp-notify'],
      ['active', 'seccomp-notify'],
    ]);
    const told = (await host.stored()).filter(({ type }) => type === 'delegation.fellback');
    expect(told.map(({ data }) => data)).toMatchObject([
      { code: 'DEPUTY_E_STRATEGY_FORBIDDEN', message: expect.stringContaining("not in the policy's list") },
      { code: 'DEPUTY_E_STRATEGY_FORBIDDEN', message: expect.stringContaining('made of sealed handles') },
    ]);
  });

  test('one that nobody can replace in place serves on, and so does one that was asked for by name', async () => {
    const other = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const engine = host.engine([notifier(), handles(), other], { policy: host.policy(open) });
    await engine.delegate({ target: entries[0] as typeof target });
    engine.setPolicy(host.policy({ ...open, strategies: ['dispatcher', 'file-handle'] }));
    await settled();
    const named = { ...entries[0], containerId: 'vm-2' } as typeof target;
    engine.setPolicy(host.policy({}));
    await engine.delegate({ target: named, strategy: 'seccomp-notify' });
    engine.setPolicy(only('file-handle'));
    await settled();
    const [first, second] = engine.status().delegations;
    expect(first).toMatchObject({ state: 'active', strategy: 'file-handle' });
    expect(second).toMatchObject({ state: 'active', strategy: 'seccomp-notify' });
    // The first could not be replaced under the policy between these two.
    expect((await host.types()).filter((type) => type === 'delegation.fellback')).toHaveLength(1);
  });

  test('a listener that comes meanwhile joins the same delegation, under the strategy that is left', async () => {
    const second = handles();
    const engine = host.engine([notifier(), second], { policy: only('seccomp-notify') });
    const { id } = await engine.delegate({ target: entries[0] as typeof target });
    engine.setPolicy(only('file-handle'));
    const joined = await engine.delegate({
      target: { ...target, listener: 9, listenerKey: 18 } as typeof target,
    });
    expect(joined).toMatchObject({ id, strategy: 'file-handle' });
    expect(second.joined).toEqual([8, 9]);
  });

  test('one that is read while a strategy is established holds from its start', async () => {
    const first = fakeStrategy({
      answerer,
      onEstablish: () => engine.setPolicy(host.policy({ dac: 'capability' })),
    });
    const engine = host.engine([first]);
    await engine.delegate({ target });
    expect(first.policies.at(-1)).toMatchObject({ dac: 'capability' });
  });

  test('an adopted one is kept to it as well, and what fails is remembered at the next start', async () => {
    const adoption = {
      delegationId: 'former',
      targets: entries,
      reason: 'killed',
      inFlight: 0,
      previousEpoch: 1,
    };
    const [first, second] = [notifier(), handles()];
    const last = fakeStrategy({ name: 'dispatcher', answerer: null, enforces: [] });
    const policy = host.policy({ ...open, strategies: ['seccomp-notify', 'dispatcher'] });
    const engine = host.engine([first, second, last], { policy });
    await engine.adopt({
      ...adoption,
      strategy: 'file-handle',
      wanted: 'auto',
      onListenerUnused: () => undefined,
    });
    await settled();
    expect(engine.status().delegations).toMatchObject([{ state: 'active', strategy: 'seccomp-notify' }]);
    // Nobody is left who answers listeners: file-handle is not listed.
    first.hooks?.ended('it broke', new Error('the socket is gone'));
    await settled();
    expect((await host.stored()).map(({ type, data }) => [type, (data as { to?: string }).to])).toEqual([
      ['delegation.recovering', undefined],
      ['delegation.active', undefined],
      ['delegation.fellback', 'seccomp-notify'],
      ['delegation.admitted', undefined],
      ['delegation.establishing', undefined],
      ['delegation.active', undefined],
      ['delegation.fellback', 'dispatcher'],
      ['delegation.failed', undefined],
    ]);
    expect(await engine.delegate({ target })).toMatchObject({ strategy: 'dispatcher' });
  });
});
