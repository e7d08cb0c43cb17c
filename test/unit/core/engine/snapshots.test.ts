import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DelegationStatus } from '../../../../core/engine/delegation.js';
import { Snapshots } from '../../../../core/engine/snapshots.js';
import { eventRegistry } from '../../../../core/events/registry.js';

const limits = { everyMs: 1_000, everyRequests: 100 };

function delegation(id: string, answered = 0, state = 'active'): DelegationStatus {
  return {
    id,
    state,
    strategy: 'seccomp-notify',
    tenant: 'blue',
    policyDigest: '00112233445566ff',
    containerId: `container ${id}`,
    counts: { answered, refused: 0, cancelled: 0, lost: 0 },
    entries: 1,
  };
}

const idsOf = (snapshots: Snapshots, list: readonly DelegationStatus[], nowMs: number): string[] =>
  snapshots.due(list, nowMs).map(({ delegationId }) => delegationId);

describe('snapshots', () => {
  test('one after its time, for each active delegation, and valid by its schema', () => {
    const snapshots = new Snapshots(limits);
    const list = [delegation('a', 3), delegation('b', 0, 'recovering')];
    expect(idsOf(snapshots, list, 0)).toEqual([]);
    expect(idsOf(snapshots, list, 999)).toEqual([]);
    const [draft] = snapshots.due(list, 1_000);
    expect(draft).toMatchObject({
      type: 'delegation.snapshot',
      delegationId: 'a',
      tenant: 'blue',
      data: { counts: { answered: 3 }, containerId: 'container a' },
    });
    expect(eventRegistry['delegation.snapshot'].schema.parse(draft?.data)).toEqual(draft?.data);
    expect(idsOf(snapshots, list, 1_001)).toEqual([]);
  });

  test('earlier after many requests, since a stream may be bounded in size', () => {
    const snapshots = new Snapshots(limits);
    expect(idsOf(snapshots, [delegation('a', 0)], 0)).toEqual([]);
    expect(idsOf(snapshots, [delegation('a', 99)], 1)).toEqual([]);
    expect(idsOf(snapshots, [delegation('a', 100)], 2)).toEqual(['a']);
    expect(idsOf(snapshots, [delegation('a', 199)], 3)).toEqual([]);
  });

  test('never two for a delegation closer than the limits, however often it is looked', () => {
    const looks = fc.array(fc.record({ afterMs: fc.nat(400), requests: fc.nat(60), live: fc.boolean() }));
    fc.assert(
      fc.property(looks, (steps) => {
        const snapshots = new Snapshots(limits);
        let nowMs = 0;
        let requests = 0;
        let last: { nowMs: number; requests: number } | undefined;
        for (const step of steps) {
          nowMs += step.afterMs;
          requests += step.requests;
          const ids = idsOf(snapshots, step.live ? [delegation('a', requests)] : [], nowMs);
          if (!step.live) last = undefined;
          else if (last === undefined) {
            expect(ids).toEqual([]);
            last = { nowMs, requests };
          } else {
            const isDue = nowMs - last.nowMs >= limits.everyMs || requests - last.requests >= 100;
            expect(ids).toEqual(isDue ? ['a'] : []);
            if (isDue) last = { nowMs, requests };
          }
        }
      }),
    );
  });
});
