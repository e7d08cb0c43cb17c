import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ANY_VERSION, type EventStore, FROM_END, NO_STREAM } from '../../core/ports/event-store.js';
import { sampleEvent, sampleRequests } from '../support/sample-events.js';

/** How the suite gets at an implementation. */
export interface EventStoreFixture {
  readonly open: () => Promise<EventStore>;
  /** Opens what a store that was closed has kept; absent where nothing is kept. */
  readonly reopen?: () => Promise<EventStore>;
  readonly cleanUp: () => Promise<void>;
}

async function collect<T>(items: AsyncIterable<T>, maximum = Number.POSITIVE_INFINITY): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) {
    collected.push(item);
    if (collected.length >= maximum) {
      break;
    }
  }
  return collected;
}

/** What every event store keeps. */
export function eventStoreSuite(name: string, makeFixture: () => Promise<EventStoreFixture>): void {
  describe(`event store contract: ${name}`, () => {
    let fixture: EventStoreFixture;
    let store: EventStore;

    beforeEach(async () => {
      fixture = await makeFixture();
      store = await fixture.open();
    });

    afterEach(async () => {
      await store.close();
      await fixture.cleanUp();
    });

    const ids = async (items: AsyncIterable<{ event: { id: string } }>) =>
      (await collect(items)).map(({ event }) => event.id);

    it('gives back what was appended, in order, with positions from 1', async () => {
      const events = [
        sampleEvent('delegation.requested', 'a', 1),
        sampleEvent('delegation.assessed', 'a', 2),
      ];
      const result = await store.append('a', events, { expectedVersion: NO_STREAM });
      expect(result).toEqual({ lastVersion: 2, appended: 2, duplicates: 0 });
      await store.append('b', sampleRequests('b', 1, 1));
      const all = await collect(store.readAll());
      expect(all.map(({ position, streamId }) => [position, streamId])).toEqual([
        [1, 'a'],
        [2, 'a'],
        [3, 'b'],
      ]);
      expect(all.slice(0, 2).map(({ event }) => event)).toEqual(events);
      expect(await ids(store.readAll({ fromPosition: 3 }))).toEqual(['b/1']);
      expect(await ids(store.readAll({ fromPosition: 4 }))).toEqual([]);
    });

    it('reads one stream from a version on, and nothing of a stream that is not there', async () => {
      await store.append('a', sampleRequests('a', 1, 3));
      await store.append('b', sampleRequests('b', 1, 2));
      await store.append('a', sampleRequests('a', 4, 1));
      expect(await ids(store.readStream('a', { fromVersion: 3 }))).toEqual(['a/3', 'a/4']);
      expect(await ids(store.readStream('nobody'))).toEqual([]);
      expect(await store.lastVersions()).toEqual(
        new Map([
          ['a', 4],
          ['b', 2],
        ]),
      );
    });

    it('ignores what it has, so that a publisher may resend', async () => {
      await store.append('a', sampleRequests('a', 1, 3));
      expect(await store.append('a', sampleRequests('a', 1, 3))).toEqual({
        lastVersion: 3,
        appended: 0,
        duplicates: 3,
      });
      expect(await store.append('a', sampleRequests('a', 2, 4), { expectedVersion: 1 })).toEqual({
        lastVersion: 5,
        appended: 2,
        duplicates: 2,
      });
      expect(await ids(store.readAll())).toEqual(['a/1', 'a/2', 'a/3', 'a/4', 'a/5']);
    });

    it('refuses a wrong expected version, and appends nothing then', async () => {
      const conflict = { code: 'DEPUTY_E_STORE_VERSION_CONFLICT' };
      await store.append('a', sampleRequests('a', 1, 2));
      await expect(
        store.append('a', sampleRequests('a', 4, 1), { expectedVersion: 3 }),
      ).rejects.toMatchObject(conflict);
      const withGap = [...sampleRequests('a', 3, 1), ...sampleRequests('a', 5, 1)];
      await expect(store.append('a', withGap, { expectedVersion: 2 })).rejects.toMatchObject(conflict);
      const descending = [...sampleRequests('a', 4, 1), ...sampleRequests('a', 3, 1)];
      await expect(store.append('a', descending)).rejects.toMatchObject(conflict);
      await expect(store.append('a', sampleRequests('b', 3, 1))).rejects.toMatchObject({
        code: 'DEPUTY_E_EVENT_INVALID',
      });
      expect(await ids(store.readAll())).toEqual(['a/1', 'a/2']);
    });

    it('takes a gap where nothing is expected', async () => {
      await store.append('a', sampleRequests('a', 7, 1), { expectedVersion: ANY_VERSION });
      expect(await store.append('a', [])).toEqual({ lastVersion: 7, appended: 0, duplicates: 0 });
    });

    it('delivers to a subscriber what is there and what comes', async () => {
      await store.append('a', sampleRequests('a', 1, 2));
      const received = collect(store.subscribe({ fromPosition: 2 }), 3);
      await store.append('a', sampleRequests('a', 3, 1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await store.append('b', sampleRequests('b', 1, 1));
      expect((await received).map(({ event }) => event.id)).toEqual(['a/2', 'a/3', 'b/1']);
    });

    it('delivers to a subscriber at the end only what comes', async () => {
      await store.append('a', sampleRequests('a', 1, 2));
      const subscription = store.subscribe({ fromPosition: FROM_END })[Symbol.asyncIterator]();
      const next = subscription.next();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await store.append('a', sampleRequests('a', 3, 1));
      expect((await next).value).toMatchObject({ position: 3, event: { id: 'a/3' } });
      await subscription.return?.();
    });

    it('ends a subscription when its signal aborts, before or after it began', async () => {
      await store.append('a', sampleRequests('a', 1, 1));
      const controller = new AbortController();
      const received = ids(store.subscribe({ signal: controller.signal }));
      setTimeout(() => controller.abort(), 30);
      expect(await received).toEqual(['a/1']);
      expect(await ids(store.subscribe({ signal: controller.signal }))).toEqual([]);
    });

    it('ends subscriptions when it closes, and answers nothing afterwards', async () => {
      const received = ids(store.subscribe());
      setTimeout(() => store.close(), 30);
      expect(await received).toEqual([]);
      const closed = { code: 'DEPUTY_E_ENGINE_CLOSED' };
      await expect(store.append('a', sampleRequests('a', 1, 1))).rejects.toMatchObject(closed);
      await expect(store.lastVersions()).rejects.toMatchObject(closed);
      await expect(collect(store.readAll())).rejects.toMatchObject(closed);
      await store.close();
    });

    it('does not keep what its callers change later', async () => {
      const event = sampleEvent('delegation.releasing', 'a', 1);
      await store.append('a', [event]);
      Object.assign(event, { tenant: 'red' });
      expect((await collect(store.readAll()))[0]?.event.tenant).toBe('blue');
    });

    it('behaves as a model does, across closing and opening', async () => {
      const streams = ['a', 'b', 'c'];
      const step = fc.record({
        stream: fc.constantFrom(...streams),
        backlog: fc.nat(2),
        count: fc.integer({ min: 0, max: 4 }),
        expected: fc.constantFrom('any', 'right', 'ahead'),
        reopen: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const runFixture = await makeFixture();
          let subject = await runFixture.open();
          const model: string[] = [];
          const versions = new Map<string, number>();
          try {
            for (const { stream, backlog, count, expected, reopen } of steps) {
              const last = versions.get(stream) ?? 0;
              const first = Math.max(1, last + 1 - backlog) + (expected === 'ahead' ? backlog + 1 : 0);
              const events = sampleRequests(stream, first, count);
              const option = expected === 'any' ? {} : { expectedVersion: first - 1 };
              const appending = subject.append(stream, events, option);
              if (first - 1 > last && expected !== 'any') {
                await expect(appending).rejects.toMatchObject({ code: 'DEPUTY_E_STORE_VERSION_CONFLICT' });
              } else {
                await appending;
                model.push(...events.filter(({ version }) => version > last).map(({ id }) => id));
                versions.set(stream, Math.max(last, count > 0 ? first + count - 1 : 0));
              }
              if (reopen && runFixture.reopen !== undefined) {
                await subject.close();
                subject = await runFixture.reopen();
              }
            }
            expect(await ids(subject.readAll())).toEqual(model);
            for (const stream of streams) {
              expect(await ids(subject.readStream(stream))).toEqual(
                model.filter((id) => id.startsWith(`${stream}/`)),
              );
            }
            const stored = [...versions].filter(([, version]) => version > 0).sort();
            expect([...(await subject.lastVersions())].sort()).toEqual(stored);
          } finally {
            await subject.close();
            await runFixture.cleanUp();
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}
