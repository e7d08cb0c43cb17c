import { beforeEach, describe, expect, test } from 'vitest';
import { deputyError } from '../../../../core/errors/deputy-error.js';
import type { DelegationStateName } from '../../../../core/machines/delegation-life.js';
import { isDelegationOver, nextDelegationState } from '../../../../core/machines/delegation-state.js';
import type { OpenStream } from '../../../../core/ports/sequencer.js';
import { FakeHost, fakeStrategy } from '../../../support/fake-host.js';

let host: FakeHost;
beforeEach(() => {
  host = new FakeHost();
  host.fallBehind();
});

const target = { containerId: 'vm-1', processId: 12, metadata: 'tenant=blue', listener: 7, listenerKey: 16 };
const counts = { answered: 5, refused: 4, cancelled: 3, lost: 2 };
const adoption = {
  delegationId: 'former',
  strategy: 'seccomp-notify',
  targets: [target],
  reason: 'the active supervisor was killed',
  inFlight: 2,
  previousEpoch: 1,
};

/** Lets all that waits for nothing else run. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const open = (delegationId: string, state: DelegationStateName): OpenStream => ({
  delegationId,
  tenant: 'blue',
  state,
  counts,
});

describe('adopt()', () => {
  test('recovering at once, under its id; active with its counts when all of before is counted', async () => {
    let known = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
    const engine = host.engine([fakeStrategy({ counts: () => known })]);
    expect(await engine.adopt(adoption)).toMatchObject({ id: 'former', state: 'recovering', entries: 1 });
    await settled();
    expect(await host.types()).toEqual(['delegation.recovering']);
    expect((await host.stored())[0]).toMatchObject({
      delegationId: 'former',
      tenant: 'blue',
      data: { inFlight: 2, previousEpoch: 1, reason: 'the active supervisor was killed' },
    });
    expect(await engine.reconcile('former')).toEqual({ requeueAfterMs: 1_000 });
    known = counts;
    host.catchUp([open('former', 'recovering')]);
    await settled();
    expect(await host.types()).toEqual(['delegation.recovering', 'delegation.active']);
    expect((await host.stored())[1]?.data).toMatchObject({ counts, listeners: 1 });
    expect(await engine.reconcile('former')).toEqual({});
  });

  test('a listener that the adopted strategy does not answer is to be closed: its predecessor may not have', async () => {
    const engine = host.engine([fakeStrategy({ name: 'dispatcher', answerer: null }), fakeStrategy({})]);
    let unused = 0;
    const onListenerUnused = (): void => {
      unused++;
    };
    await engine.adopt({ ...adoption, strategy: 'dispatcher', onListenerUnused });
    expect(unused).toBe(1);
    await engine.adopt({ ...adoption, delegationId: 'other', onListenerUnused });
    expect(unused).toBe(1);
  });

  test('further listeners are joined, and one that can not be stops none of the others', async () => {
    const strategy = fakeStrategy({
      onJoin: (listener) => {
        if (listener === 8) throw new Error('it is no listener');
      },
    });
    const engine = host.engine([strategy]);
    const targets = [target, { ...target, listener: 8 }, { ...target, listener: 9 }];
    await engine.adopt({ ...adoption, targets });
    expect(strategy.joined).toEqual([9]);
    host.catchUp([]);
    await settled();
    expect((await host.stored()).at(-1)).toMatchObject({ type: 'delegation.active', data: { listeners: 2 } });
  });

  test("an exec's listener joins what is recovering, also while that is being established", async () => {
    let establish = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      establish = resolve;
    });
    const strategy = fakeStrategy({ onEstablish: () => waiting });
    const engine = host.engine([strategy]);
    const adopted = engine.adopt(adoption);
    const early = engine.delegate({ target: { ...target, listener: 8 } });
    establish();
    expect(await early).toMatchObject({ id: 'former', state: 'recovering' });
    await adopted;
    const late = await engine.delegate({ target: { ...target, listener: 9 } });
    expect(late).toMatchObject({ id: 'former', state: 'recovering', entries: 3 });
    expect(strategy.joined).toEqual([8, 9]);
    expect(await host.types()).toEqual(['delegation.recovering']);
  });

  test('a target that ends while it is recovering is released, and not activated afterwards', async () => {
    const strategy = fakeStrategy({ counts: () => counts });
    const engine = host.engine([strategy]);
    await engine.adopt(adoption);
    strategy.hooks?.ended('the container ended');
    await settled();
    host.catchUp([open('former', 'released')]);
    await engine.settlePredecessors();
    await settled();
    const ended = ['delegation.recovering', 'delegation.releasing', 'delegation.released'];
    expect(await host.types()).toEqual(ended);
    expect((await host.stored()).at(-1)?.data).toMatchObject({ counts, reason: 'the container ended' });
  });

  test('what the strategy throws fails the delegation, and settling leaves it at that', async () => {
    const strategy = fakeStrategy({
      onEstablish: () => {
        throw new Error('out of luck');
      },
    });
    const engine = host.engine([strategy]);
    await expect(engine.adopt(adoption)).rejects.toThrow('out of luck');
    host.catchUp([open('former', 'recovering')]);
    await engine.settlePredecessors();
    expect(await host.types()).toEqual(['delegation.recovering', 'delegation.failed']);
    expect(engine.status().delegations).toMatchObject([{ id: 'former', state: 'failed' }]);
  });

  test('one whose target is gone is left open, if that is asked for, and settled with how it ended', async () => {
    const strategy = fakeStrategy({
      onEstablish: () => {
        throw deputyError('DEPUTY_E_TARGET_GONE', { detail: 'ESRCH' });
      },
    });
    const engine = host.engine([strategy]);
    const gone = { code: 'DEPUTY_E_TARGET_GONE' };
    await expect(engine.adopt({ ...adoption, leavesGone: true })).rejects.toMatchObject(gone);
    host.catchUp([open('former', 'recovering')]);
    const reason = 'the payload exited with 3';
    await engine.settlePredecessors(undefined, reason);
    const [, ...later] = await host.stored();
    expect(later).toMatchObject([
      { type: 'delegation.releasing', data: { reason } },
      { type: 'delegation.released', data: { reason } },
    ]);
    expect(engine.status().delegations).toEqual([]);
  });

  test('no target, a strategy that nobody has, a closed engine', async () => {
    const engine = host.engine([fakeStrategy()]);
    const code = (text: string) => ({ code: text });
    await expect(engine.adopt({ ...adoption, targets: [] })).rejects.toMatchObject(
      code('DEPUTY_E_LISTENER_INVALID'),
    );
    await expect(engine.adopt({ ...adoption, strategy: 'telepathy' })).rejects.toMatchObject(
      code('DEPUTY_E_STRATEGY_UNKNOWN'),
    );
    await engine.close();
    await expect(engine.adopt(adoption)).rejects.toMatchObject(code('DEPUTY_E_ENGINE_CLOSED'));
    expect(await host.types()).toEqual([]);
  });
});

describe('settlePredecessors()', () => {
  const neverServed = ['requested', 'assessed', 'admitted', 'establishing'] as const;
  const served = ['active', 'recovering', 'releasing'] as const;

  /** Settles one stream: the events that it got, each allowed in the state that the one before left. */
  async function settle(state: DelegationStateName, lost: readonly string[] = [], reason?: string) {
    const engine = host.engine([fakeStrategy()]);
    const done = engine.settlePredecessors(new Set(lost), reason);
    host.catchUp([open('former', state)]);
    await done;
    const events = await host.stored();
    let at = state;
    for (const { type, delegationId, tenant } of events) {
      expect({ delegationId, tenant }).toEqual({ delegationId: 'former', tenant: 'blue' });
      at = nextDelegationState(at, type);
    }
    expect(isDelegationOver(at)).toBe(true);
    return events;
  }

  test.each(neverServed)('cut off when it was %s: failed, whoever lost its listener', async (state) => {
    const events = await settle(state, ['former']);
    expect(events).toMatchObject([
      { type: 'delegation.failed', data: { code: 'DEPUTY_E_DELEGATION_INTERRUPTED' } },
    ]);
  });

  test.each(served)('its target ended when it was %s: released, with its counts', async (state) => {
    const events = await settle(state);
    expect(events.map(({ type }) => type)).toEqual(['delegation.releasing', 'delegation.released']);
    expect(events[1]?.data).toMatchObject({ counts });
  });

  test.each([...neverServed, ...served])(
    'how it ended is known, when it was %s: that is its reason',
    async (state) => {
      const reason = 'the payload exited with 3';
      const events = await settle(state, [], reason);
      expect(events).toMatchObject([
        { type: 'delegation.releasing', data: { reason } },
        { type: 'delegation.released', data: { counts, reason } },
      ]);
    },
  );

  test.each(served)('its target lives and its listener is lost when it was %s: failed', async (state) => {
    const events = await settle(state, ['former']);
    expect(events).toMatchObject([
      { type: 'delegation.failed', data: { code: 'DEPUTY_E_LISTENER_LOST', counts } },
    ]);
  });

  test('those that were adopted, and those of this process, are left alone', async () => {
    const engine = host.engine([fakeStrategy()]);
    await engine.adopt(adoption);
    const fresh = await engine.delegate({ target: { containerId: 'vm-2' } });
    const before = (await host.types()).length;
    const settling = engine.settlePredecessors(new Set(['former', fresh.id]));
    await settled();
    expect(await host.types()).toHaveLength(before);
    host.catchUp([open('former', 'recovering'), open(fresh.id, 'active'), open('other', 'active')]);
    await settling;
    const ofOthers = (await host.stored()).filter(({ delegationId }) => delegationId === 'other');
    expect(ofOthers.map(({ type }) => type)).toEqual(['delegation.releasing', 'delegation.released']);
    expect(engine.status().delegations.map(({ state }) => state)).toEqual(['active', 'active']);
  });
});
