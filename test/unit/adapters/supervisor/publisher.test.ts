import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FileEventStore,
  openFileEventStore,
  type SerializedEvents,
} from '../../../../adapters/event-store/index.js';
import { JournalTail, type TailSink } from '../../../../adapters/journal/journal-tail.js';
import { segmentsIn } from '../../../../adapters/journal/last-segment.js';
import { segmentName } from '../../../../adapters/journal/segment-file.js';
import { readCheckpoint, writeCheckpoint } from '../../../../adapters/supervisor/checkpoint.js';
import { Publisher } from '../../../../adapters/supervisor/publisher.js';
import type { DeputyEvent } from '../../../../core/events/event.js';
import type { EventType } from '../../../../core/events/registry.js';
import { validateEvent } from '../../../../core/events/validate-event.js';
import type { Counts } from '../../../../core/events/vocabulary.js';
import { recordsPerSegment, slotsPerBlock } from '../../../../core/journal/segment-layout.js';
import { requestState } from '../../../../core/machines/request.js';
import { silentLogger } from '../../../../core/ports/logger.js';
import { offset } from '../../../../core/request/record-layout.js';
import { checkoutDirectory } from '../../../lab/paths.js';
import { CrashingJournal, withDirectory } from '../../../support/crashing-journal.js';
import { isLong } from '../../../support/describe-when.js';

const onLinux = process.platform === 'linux';
const never = new Promise<never>(() => undefined);

/** Where a process ends: at its n-th write to the store, before it, behind it, or in its middle. */
interface CrashPoint {
  readonly write: number;
  readonly how: 'before' | 'half' | 'after';
}

/** The file store, of a process that ends at a certain point. */
class EndingStore {
  private writes = 0;

  constructor(
    private readonly store: FileEventStore,
    private readonly point: CrashPoint | undefined,
    private readonly ended: () => void,
  ) {}

  async appendSerialized(batch: SerializedEvents) {
    const isLast = this.writes++ === this.point?.write;
    if (!isLast) return this.store.appendSerialized(batch);
    const { ends, streamIds, versions, bytes } = batch;
    const count = this.point?.how === 'half' ? Math.floor(batch.count / 2) : batch.count;
    const part = { count, bytes, ends: ends.slice(0, count), streamIds, versions };
    if (this.point?.how !== 'before' && count > 0) await this.store.appendSerialized(part);
    this.ended();
    return never;
  }

  readAll() {
    return this.store.readAll();
  }

  readStream(streamId: string) {
    return this.store.readStream(streamId);
  }

  lastVersions() {
    return this.store.lastVersions();
  }
}

const kinds = ['answered', 'refused', 'cancelled', 'lost'] as const;

type Deed =
  | { readonly kind: 'begin'; readonly record: 'each' | 'failures' }
  | { readonly kind: 'requests'; readonly pick: number; readonly states: readonly number[] }
  | { readonly kind: 'end'; readonly pick: number }
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'pass' }
  | { readonly kind: 'wait' };

interface Delegation {
  readonly id: string;
  readonly key: number;
  readonly record: 'each' | 'failures';
  readonly events: string[];
  readonly counts: { -readonly [Kind in keyof Counts]: number };
  isOver: boolean;
}

/** What should be in the store in the end, and the epochs that bring it there. */
class World {
  readonly delegations: Delegation[] = [];
  private readonly journalDirectory: string;
  private nextKey = 16;

  constructor(private readonly directory: string) {
    this.journalDirectory = join(directory, 'journal');
  }

  /** One process: its deeds, until it comes to its end. `last`: it ends well, and all is looked at. */
  async epoch(deeds: readonly Deed[], point: CrashPoint | undefined): Promise<void> {
    const journal = new CrashingJournal(this.journalDirectory, 2);
    const publisher = this.publisher(journal);
    const leftOpen = this.open.map(({ id, counts }) => ({
      delegationId: id,
      state: 'active',
      counts: { ...counts },
    }));
    for (const one of this.open) this.introduce(publisher, one);
    const store = await openFileEventStore({ directory: join(this.directory, 'events'), syncIntervalMs: 0 });
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    await publisher.start(new EndingStore(store, point, end) as unknown as FileEventStore);
    const caughtUp = publisher.caughtUp().then((streams) => {
      const seen = streams.map(({ delegationId, state, counts }) => ({ delegationId, state, counts }));
      const byId = (a: { delegationId: string }, b: { delegationId: string }) =>
        a.delegationId < b.delegationId ? -1 : 1;
      expect(seen.sort(byId)).toEqual(leftOpen.sort(byId));
    });
    await Promise.race([caughtUp, ended]);
    for (const deed of deeds) {
      this.perform(journal, publisher, deed);
      const all = publisher.published(journal.journal.counters.nextTicket - 1);
      if (deed.kind === 'wait') await Promise.race([all, ended]);
    }
    const all = publisher.published(journal.journal.counters.nextTicket - 1);
    await Promise.race([all, ended]);
    if (point === undefined) {
      await caughtUp;
      for (const { id, counts } of this.open) expect(publisher.countsOf(id)).toEqual(counts);
      await publisher.stop();
      await store.close();
    }
    journal.crash();
  }

  get open(): Delegation[] {
    return this.delegations.filter(({ isOver }) => !isOver);
  }

  private publisher({ journal }: CrashingJournal): Publisher {
    return new Publisher({
      journal,
      journalDirectory: this.journalDirectory,
      node: 'node',
      syscallName: () => 'open_by_handle_at',
      logger: silentLogger,
    });
  }

  private introduce(publisher: Publisher, { key, id, record }: Delegation): void {
    publisher.introduce({ key, delegationId: id, tenant: 'blue', record });
  }

  private perform(journal: CrashingJournal, publisher: Publisher, deed: Deed): void {
    if (deed.kind === 'begin') return this.begin(publisher, deed.record);
    if (deed.kind === 'pass') return journal.passBy(0, 500);
    const { open } = this;
    const one = open['pick' in deed ? deed.pick % Math.max(1, open.length) : 0];
    if (one === undefined || deed.kind === 'wait') return;
    if (deed.kind === 'unfinished') {
      journal.receive(1, one.key, 1n);
      return;
    }
    if (deed.kind === 'end') return this.end(publisher, one);
    deed.states.forEach((state, index) => {
      const kind = kinds[state % kinds.length] as (typeof kinds)[number];
      const record = journal.receive(index, one.key, BigInt(index + 1));
      journal.begin(record, requestState[kind]);
      record.setI32(offset.result, state === 0 ? 3 : -1);
      journal.commit(index, record);
      one.counts[kind]++;
      const isLeftOut = one.record === 'failures' && state === 0;
      if (!isLeftOut) one.events.push(`request.${kind} ${record.u32(offset.epoch)}-${record.slot}`);
    });
  }

  private begin(publisher: Publisher, record: 'each' | 'failures'): void {
    const key = this.nextKey++;
    const id = `delegation-${String(key).padStart(4, '0')}`;
    const counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
    const one: Delegation = { id, key, record, events: [], counts, isOver: false };
    this.delegations.push(one);
    this.append(publisher, one, 'delegation.requested', { strategy: 'auto', target: { containerId: 'vm' } });
    this.append(publisher, one, 'delegation.assessed', { chosen: 'seccomp-notify', candidates: [] });
    this.append(publisher, one, 'delegation.admitted', {
      strategy: 'seccomp-notify',
      tenantSource: 'policy',
      policy: {},
      policyDigest: '0123456789abcdef',
      enforced: [],
    });
    this.append(publisher, one, 'delegation.establishing', { strategy: 'seccomp-notify' });
    this.introduce(publisher, one);
    this.append(publisher, one, 'delegation.active', { strategy: 'seccomp-notify', counts, durationUs: 1 });
  }

  private end(publisher: Publisher, one: Delegation): void {
    this.append(publisher, one, 'delegation.releasing', { reason: 'enough' });
    publisher.dismiss(one.key);
    this.append(publisher, one, 'delegation.released', { reason: 'enough', counts: one.counts });
    one.isOver = true;
  }

  private append(publisher: Publisher, one: Delegation, type: EventType, data: unknown): void {
    const { id } = one;
    const draft = { type, delegationId: id, tenant: 'blue', correlationId: id, causationId: id, data };
    publisher.append(draft as Parameters<Publisher['append']>[0]);
    one.events.push(type);
  }

  /** What the store has of each stream, in its order. */
  async stored(): Promise<Map<string, string[]>> {
    const streams = new Map<string, string[]>();
    for (const event of await readEvents(join(this.directory, 'events'))) {
      const known = streams.get(event.delegationId) ?? [];
      streams.set(event.delegationId, known);
      expect(event.version).toBe(known.length + 1);
      expect(event.id).toBe(`${event.delegationId}/${event.version}`);
      const { requestId } = event.data as { requestId?: string };
      known.push(requestId === undefined ? event.type : `${event.type} ${requestId}`);
    }
    return streams;
  }

  async expectAll(): Promise<void> {
    const stored = await this.stored();
    expect(stored.size).toBe(this.delegations.length);
    for (const { id, events } of this.delegations) expect(stored.get(id)).toEqual(events);
  }
}

async function readEvents(directory: string): Promise<DeputyEvent[]> {
  const store = await openFileEventStore({ directory, readOnly: true });
  const events: DeputyEvent[] = [];
  for await (const { event } of store.readAll()) events.push(validateEvent(event));
  await store.close();
  return events;
}

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('begin' as const),
      record: fc.constantFrom('each' as const, 'failures' as const),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('requests' as const),
      pick: fc.nat(5),
      states: fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), pick: fc.nat(5) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('unfinished' as const, 'pass' as const, 'wait' as const) }),
  },
);
const epoch = fc.record({
  deeds: fc.array(deed, { maxLength: 14 }),
  point: fc.record({
    write: fc.nat(4),
    how: fc.constantFrom('before' as const, 'half' as const, 'after' as const),
  }),
  /** What becomes of the checkpoint afterwards. */
  checkpoint: fc.constantFrom('stays', 'stays', 'gone', 'garbage', 'older'),
});

describe.runIf(onLinux)('a publisher after its predecessors', () => {
  test('brings each committed record once, wherever they ended and whatever became of the checkpoint', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(epoch, { maxLength: 4 }), (epochs) =>
        withDirectory(async (directory) => {
          const world = new World(directory);
          const path = join(directory, 'journal', 'checkpoint.json');
          for (const { deeds, point, checkpoint } of epochs) {
            if (existsSync(path)) copyFileSync(path, `${path}.older`);
            await world.epoch(deeds, point);
            if (checkpoint === 'gone') rmSync(path, { force: true });
            if (checkpoint === 'garbage') writeFileSync(path, '{"format":1,"position":-5');
            if (checkpoint === 'older' && existsSync(`${path}.older`)) copyFileSync(`${path}.older`, path);
          }
          await world.epoch(
            [
              { kind: 'begin', record: 'each' },
              { kind: 'requests', pick: 0, states: [0] },
            ],
            undefined,
          );
          await world.expectAll();
        }),
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  test('a checkpoint that is lost with the journal of before: the store says where streams were', () =>
    withDirectory(async (directory) => {
      const world = new World(directory);
      const begin: Deed = { kind: 'begin', record: 'each' };
      const requests: Deed = { kind: 'requests', pick: 0, states: [0, 0, 1, 2, 3] };
      await world.epoch([begin, requests, { kind: 'wait' }, requests], undefined);
      await world.epoch([requests], { write: 0, how: 'before' });
      // What the first epoch wrote is published, and its segments are let go.
      const journal = join(directory, 'journal');
      for (const segment of segmentsIn(journal).slice(0, 2)) rmSync(join(journal, segmentName(segment)));
      rmSync(join(journal, 'checkpoint.json'));
      await world.epoch([requests], undefined);
      await world.expectAll();
    }));

  test('a journal that is gone with its checkpoint: a stream goes on behind what the store has of it', () =>
    withDirectory(async (directory) => {
      const world = new World(directory);
      const begin: Deed = { kind: 'begin', record: 'each' };
      const requests: Deed = { kind: 'requests', pick: 0, states: [0, 0, 1] };
      await world.epoch([begin, requests, { kind: 'wait' }], undefined);
      rmSync(join(directory, 'journal'), { recursive: true });
      await world.epoch([requests], undefined);
      await world.expectAll();
    }));

  test('a checkpoint of a journal that is gone does not make a new one wait for its numbers', () =>
    withDirectory(async (directory) => {
      const journal = join(directory, 'journal');
      const world = new World(directory);
      await world.epoch([], undefined);
      await writeCheckpoint(journal, { format: 1, position: 10_000_000, streams: [], listeners: [] });
      await world.epoch([{ kind: 'begin', record: 'each' }], undefined);
      await world.expectAll();
      expect(readCheckpoint(journal)?.position).toBeLessThan(10_000_000);
    }));

  test('a store that takes nothing for a while loses nothing, and stop() does not wait for it for ever', () =>
    withDirectory(async (directory) => {
      const journal = new CrashingJournal(join(directory, 'journal'), 1);
      const publisher = new Publisher({
        journal: journal.journal,
        journalDirectory: join(directory, 'journal'),
        node: 'node',
        syscallName: () => 'open_by_handle_at',
        logger: silentLogger,
      });
      let calls = 0;
      const refusing = {
        appendSerialized: async () => {
          calls++;
          throw new Error('the disk is full');
        },
        readAll: async function* () {},
        lastVersions: async () => new Map<string, number>(),
      };
      publisher.introduce({ key: 16, delegationId: 'one', tenant: 'blue', record: 'each' });
      const id = 'one';
      const requested = { strategy: 'auto', target: { containerId: 'vm' } };
      publisher.append({
        type: 'delegation.requested',
        delegationId: id,
        tenant: 'blue',
        correlationId: id,
        causationId: id,
        data: requested,
      });
      await publisher.start(refusing as unknown as FileEventStore);
      const record = journal.receive(0, 16, 1n);
      journal.begin(record, requestState.answered);
      const ticket = journal.commit(0, record);
      let isPublished = false;
      void publisher.published(ticket).then(() => {
        isPublished = true;
      });
      while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await publisher.stop();
      expect(isPublished).toBe(false);
      // Whoever reads on finds it, under its number: no checkpoint says that it was published.
      expect(readCheckpoint(join(directory, 'journal'))).toBeUndefined();
      journal.crash();
    }));

  test('an order without its records, as a loss of power can leave it, costs those records alone', () =>
    withDirectory(async (directory) => {
      const journal = new CrashingJournal(join(directory, 'journal'), 1);
      const commit = () => {
        const record = journal.receive(0, 16, 1n);
        journal.begin(record, requestState.answered);
        journal.commit(0, record);
        return record;
      };
      const damaged = commit();
      journal.journal.appendEvent(`{"kind":"gone","key":1,"filler":"${'x'.repeat(3_000)}"}`);
      const last = commit();
      damaged.views.u8.fill(0, damaged.base, damaged.base + 512);
      // The event's text is cut off behind its first slot.
      const block = last.base + (slotsPerBlock - (last.slot % slotsPerBlock)) * 512;
      damaged.views.u8.fill(0, block + 512, block + 8 * 512);
      const event = journal.journal.appendEvent('{"kind":"gone","key":2}');
      const publisher = new Publisher({
        journal: journal.journal,
        journalDirectory: join(directory, 'journal'),
        node: 'node',
        syscallName: () => 'open_by_handle_at',
        logger: silentLogger,
      });
      const store = await openFileEventStore({ directory: join(directory, 'events') });
      await publisher.start(store);
      await publisher.published(event);
      await publisher.stop();
      await store.close();
      journal.crash();
    }));

  test("records of a segment that is gone are nobody else's", () =>
    withDirectory((directory) => {
      const journal = new CrashingJournal(directory, 1);
      const early = journal.receive(0, 16, 1n);
      journal.begin(early, requestState.answered);
      journal.passBy(0, recordsPerSegment);
      const late = journal.receive(0, 17, 2n);
      journal.begin(late, requestState.answered);
      // Enough tickets to reach the second segment's order.
      while (journal.journal.counters.nextTicket < recordsPerSegment * 2)
        journal.journal.counters.takeTicket();
      journal.commit(0, late);
      journal.commit(0, early);
      journal.crash();
      rmSync(join(directory, segmentName(1)));
      const tail = new JournalTail(directory, recordsPerSegment * 2, recordsPerSegment * 3);
      const seen: number[] = [];
      tail.read({ request: (record) => seen.push(record.u32(offset.listener)), event: () => undefined }, 100);
      tail.close();
      expect(seen).toEqual([17]);
    }));
});

describe.runIf(onLinux)('a publisher that is killed', () => {
  test('many times by SIGKILL: each event once, in order, without a gap', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-unit-'));
    const entry = join(checkoutDirectory(), 'dist/test/lab/publishing.js');
    try {
      for (let round = 0; round < (isLong ? 20 : 6); round++) {
        const child = spawn(process.execPath, [entry, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
        const exited = once(child, 'exit');
        await Promise.race([once(child.stdout, 'data'), exited]);
        expect(child.exitCode).toBe(null);
        await new Promise((resolve) => setTimeout(resolve, (round * 137) % 400));
        child.kill('SIGKILL');
        await exited;
        // Sometimes the checkpoint goes, too.
        if (round % 7 === 3) rmSync(join(directory, 'journal', 'checkpoint.json'), { force: true });
      }
      const journal = new CrashingJournal(join(directory, 'journal'), 1, 1_000);
      const publisher = new Publisher({
        journal: journal.journal,
        journalDirectory: join(directory, 'journal'),
        node: 'node',
        syscallName: () => 'open_by_handle_at',
        logger: silentLogger,
      });
      const store = await openFileEventStore({ directory: join(directory, 'events') });
      await publisher.start(store);
      await publisher.caughtUp();
      const path = join(directory, 'journal');
      const first = (segmentsIn(path)[0] as number) * recordsPerSegment;
      const tail = new JournalTail(path, first, journal.journal.firstSegment * recordsPerSegment);
      const committed: string[] = [];
      let requests = 0;
      const sink: TailSink = {
        request: (record) => {
          requests++;
          committed.push(`${record.u32(offset.epoch)}-${record.slot}`);
        },
        event: (text) => {
          const payload = JSON.parse(text) as { draft?: { type: string } };
          if (payload.draft !== undefined) committed.push(payload.draft.type);
        },
      };
      while (tail.read(sink, 500) > 0);
      tail.close();
      expect(publisher.countsOf('endless')).toMatchObject({ answered: requests });
      await publisher.stop();
      await store.close();
      journal.crash();
      const events = await readEvents(join(directory, 'events'));
      const seen = events.map(({ type, data }) => (data as { requestId?: string }).requestId ?? type);
      expect(seen).toEqual(committed);
      expect(events.map(({ version }) => version)).toEqual(committed.map((_, index) => index + 1));
      expect(new Set(events.map((event) => event.epoch)).size).toBeGreaterThan(4);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 180_000);
});
