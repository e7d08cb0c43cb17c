import { beforeEach, describe, expect, test } from 'vitest';
import type { Target } from '../../../../core/ports/strategy.js';
import { FakeHost, type FakeStrategy, fakeStrategy } from '../../../support/fake-host.js';

let host: FakeHost;
let strategy: FakeStrategy;
let now: Target | undefined;
beforeEach(() => {
  host = new FakeHost();
  strategy = fakeStrategy();
  now = { containerId: 'vm-1', processId: 12, restartCount: 0 };
});

/** A delegation whose target can be found again, and the engine. */
async function begin() {
  const engine = host.engine([strategy]);
  const { id } = await engine.delegate({ target: now as Target, findTarget: async () => now });
  return { engine, id };
}

/** Lets a delegation's end be written. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const requests = async () =>
  (await host.stored()).flatMap(({ type, data }) =>
    type === 'delegation.requested' ? [(data as { target: Target }).target.restartCount] : [],
  );

describe('reconcile() of a container that can be found again', () => {
  test('says nothing while it lives, and to ask again while it is not there', async () => {
    const { engine, id } = await begin();
    expect(await engine.reconcile(id)).toEqual({});
    strategy.hooks?.ended('the container ended');
    await settled();
    expect(await engine.reconcile(id)).toEqual({ requeueAfterMs: 1_000 });
    now = undefined;
    expect(await engine.reconcile(id)).toEqual({ requeueAfterMs: 1_000 });
    expect(await requests()).toEqual([0]);
  });

  test('delegates to its next life once, however often it is asked, and to the one after that', async () => {
    const { engine, id } = await begin();
    strategy.hooks?.ended('the container ended');
    await settled();
    now = { containerId: 'vm-1', processId: 34, restartCount: 1 };
    const answers = await Promise.all([engine.reconcile(id), engine.reconcile(id), engine.reconcile(id)]);
    const [next] = new Set(answers.map(({ delegationId }) => delegationId));
    expect(answers).toEqual(Array(3).fill({ delegationId: next }));
    expect(next).not.toBe(id);
    expect(await engine.reconcile(id)).toEqual({ delegationId: next });
    expect(engine.status().delegations[0]).toMatchObject({ id: next, processId: 34, restartCount: 1 });
    strategy.hooks?.ended('the container ended again');
    await settled();
    now = { containerId: 'vm-1', processId: 56, restartCount: 2 };
    expect((await engine.reconcile(next as string)).delegationId).toBeDefined();
    expect(await requests()).toEqual([0, 1, 2]);
  });

  test('a life that can not be delegated to is tried again when it is asked again', async () => {
    let isBroken = false;
    strategy = fakeStrategy({
      onEstablish: () => {
        if (isBroken) throw new Error('not yet');
      },
    });
    const { engine, id } = await begin();
    strategy.hooks?.ended('the container ended');
    await settled();
    now = { containerId: 'vm-1', processId: 34, restartCount: 1 };
    isBroken = true;
    await expect(engine.reconcile(id)).rejects.toThrow('not yet');
    isBroken = false;
    expect((await engine.reconcile(id)).delegationId).toBeDefined();
  });

  test('what its owner released has no successor, nor has anything of an engine that closes', async () => {
    const { engine, id } = await begin();
    await engine.release(id);
    now = { containerId: 'vm-1', processId: 34, restartCount: 1 };
    expect(await engine.reconcile(id)).toEqual({});
    const second = await engine.delegate({ target: now, findTarget: async () => now });
    await engine.close();
    now = { containerId: 'vm-1', processId: 56, restartCount: 2 };
    expect(await engine.reconcile(second.id)).toEqual({});
    expect(await requests()).toEqual([0, 1]);
  });
});
