import { beforeEach, describe, expect, test } from 'vitest';
import type { Strategy } from '../../../../core/index.js';
import { silentLogger } from '../../../../core/ports/logger.js';
import { FakeHost, fakeStrategy } from '../../../support/fake-host.js';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
});
const target = { containerId: 'vm-1', processId: 12, metadata: 'tenant=blue' };

describe('an engine on a store in memory', () => {
  test('a delegation comes to life in the order of its events, and ends', async () => {
    const engine = host.engine([fakeStrategy()]);
    const { id, state } = await engine.delegate({ target });
    expect(state).toBe('active');
    await engine.release(id, 'enough');
    expect(await host.types()).toEqual([
      'delegation.requested',
      'delegation.assessed',
      'delegation.admitted',
      'delegation.establishing',
      'delegation.active',
      'delegation.releasing',
      'delegation.released',
    ]);
    expect((await host.stored()).map(({ version }) => version)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await host.stored()).at(-1)?.data).toMatchObject({ reason: 'enough' });
    expect(engine.status().delegations).toMatchObject([{ id, state: 'released' }]);
  });

  test('a strategy that says no: its reasons in the event and in the error', async () => {
    const no: Strategy = fakeStrategy({ possible: false, reasons: ['the kernel has no notifier'] });
    const engine = host.engine([no]);
    await expect(engine.delegate({ target })).rejects.toMatchObject({
      code: 'DEPUTY_E_STRATEGY_REFUSED',
      message: expect.stringContaining('the kernel has no notifier'),
    });
    expect(await host.types()).toEqual(['delegation.requested', 'delegation.assessed', 'delegation.refused']);
    expect(engine.status().delegations).toEqual([]);
  });

  test('a strategy that nobody has is told from one that is not possible', async () => {
    const engine = host.engine([fakeStrategy()]);
    await expect(engine.delegate({ target, strategy: 'telepathy' })).rejects.toMatchObject({
      code: 'DEPUTY_E_STRATEGY_UNKNOWN',
    });
  });

  test('a strategy that throws fails the delegation, and the engine goes on', async () => {
    let broken = true;
    const strategy = fakeStrategy({
      onEstablish: () => {
        if (broken) throw new Error('out of luck');
      },
    });
    const engine = host.engine([strategy]);
    await expect(engine.delegate({ target })).rejects.toThrow('out of luck');
    expect((await host.types()).at(-1)).toBe('delegation.failed');
    broken = false;
    expect(await engine.delegate({ target })).toMatchObject({ state: 'active' });
  });

  test('two listeners of one container are one delegation, also at the same moment', async () => {
    const strategy = fakeStrategy();
    const engine = host.engine([strategy]);
    const both = await Promise.all([
      engine.delegate({ target: { ...target, listener: 7 } }),
      engine.delegate({ target: { ...target, listener: 8 } }),
    ]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(1);
    expect(strategy.joined).toEqual([8]);
    expect(engine.status().delegations).toHaveLength(1);
  });

  test('a target that is gone ends its delegation, once', async () => {
    const strategy = fakeStrategy();
    const engine = host.engine([strategy]);
    const { id } = await engine.delegate({ target });
    strategy.hooks?.ended('the container ended');
    await engine.release(id).catch(() => {});
    expect((await host.types()).filter((type) => type === 'delegation.released')).toHaveLength(1);
    await expect(engine.release(id)).rejects.toMatchObject({ code: 'DEPUTY_E_DELEGATION_UNKNOWN' });
    expect(await engine.reconcile(id)).toEqual({});
  });

  test('what was kept of an end is forgotten when the store has the last event, not before', async () => {
    const known: string[][] = [];
    const base = fakeStrategy();
    const establish: Strategy['establish'] = async (context) => {
      const establishment = await base.establish(context);
      return { ...establishment, forget: async () => void known.push(await host.types()) };
    };
    const engine = host.engine([{ ...base, establish }]);
    await engine.delegate({ target });
    await engine.close('the end of it');
    expect(known.map((types) => types.at(-1))).toEqual(['delegation.released']);
  });

  test('events() tells of what comes, in order, until it is told to stop', async () => {
    const engine = host.engine([fakeStrategy()]);
    const abort = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { type } of engine.events({ fromPosition: 1, signal: abort.signal })) {
        seen.push(type);
        if (type === 'delegation.active') abort.abort();
      }
    })();
    await engine.delegate({ target });
    await reading.catch(() => {});
    expect(seen).toEqual((await host.types()).slice(0, seen.length));
    expect(seen.at(-1)).toBe('delegation.active');
  });

  test('a new policy reaches those that are served', async () => {
    const strategy = fakeStrategy();
    const engine = host.engine([strategy]);
    const { policyDigest } = await engine.delegate({ target });
    engine.setPolicy(host.policy({ opath: 'exact' }));
    expect(strategy.policies.at(-1)).toMatchObject({ opath: 'exact' });
    expect(engine.status().delegations[0]?.policyDigest).not.toBe(policyDigest);
  });

  test('an end that can not be written down any more is logged, and is no unhandled rejection', async () => {
    const strategy = fakeStrategy();
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (_: object, message: string) => void errors.push(message) };
    await host.engine([strategy], { logger }).delegate({ target });
    host.append = () => {
      throw new Error('the journal is closed');
    };
    // vitest fails a run that leaves a rejection unhandled.
    strategy.hooks?.ended('the container ended');
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual(['what became of a delegation was not written down']);
  });

  test('a limit on delegations, and an engine that is closed', async () => {
    const engine = host.engine([fakeStrategy()], { maximumDelegations: 1 });
    await engine.delegate({ target });
    await expect(engine.delegate({ target: { containerId: 'vm-2' } })).rejects.toMatchObject({
      code: 'DEPUTY_E_LIMIT_REACHED',
    });
    await Promise.all([engine.close(), engine.close()]);
    expect((await host.types()).at(-1)).toBe('delegation.released');
    await expect(engine.delegate({ target })).rejects.toMatchObject({ code: 'DEPUTY_E_ENGINE_CLOSED' });
  });
});
