import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Journal } from '../../../../adapters/journal/journal.js';
import { segmentsIn } from '../../../../adapters/journal/last-segment.js';
import { readOpenRecords } from '../../../../adapters/journal/open-records.js';
import { readHeader, segmentName } from '../../../../adapters/journal/segment-file.js';
import { isDeputyError } from '../../../../core/errors/deputy-error.js';
import {
  recordAreaOffset,
  recordsPerSegment,
  slotsPerBlock,
} from '../../../../core/journal/segment-layout.js';
import { requestState } from '../../../../core/machines/request-life.js';
import type { RequestRecord } from '../../../../core/request/record.js';
import { offset } from '../../../../core/request/record-layout.js';
import { CrashingJournal, withDirectory } from '../../../support/crashing-journal.js';

const onLinux = process.platform === 'linux';
const listeners = [16, 17, 18];

/** What is done in an epoch. `pick` chooses among what is open, `thread` among those that write. */
type Deed =
  | { readonly kind: 'receive' | 'begin' | 'almost' | 'commit'; readonly thread: number }
  | {
      readonly kind: 'finish' | 'almost-finish' | 'take-over';
      readonly thread: number;
      readonly pick: number;
    }
  | { readonly kind: 'event'; readonly slots: number }
  | { readonly kind: 'pass'; readonly thread: number; readonly slots: number };

const thread = fc.nat(2);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('receive' as const, 'begin' as const, 'almost' as const, 'commit' as const),
      thread,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('finish' as const, 'almost-finish' as const, 'take-over' as const),
      thread,
      pick: fc.nat(20),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('event' as const), slots: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      thread,
      slots: fc.constantFrom(1, 63, 64, 200, 9_000),
    }),
  },
);

interface Open {
  readonly listener: number;
  readonly notificationId: bigint;
  slot: number;
  epoch: number;
  record: RequestRecord;
}

/** Performs deeds on a real journal, and keeps what must be found by a successor. */
class Epochs {
  readonly open = new Map<bigint, Open>();
  private nextId = 1n;

  constructor(private readonly directory: string) {}

  run(deeds: readonly Deed[]): void {
    const journal = new CrashingJournal(this.directory);
    for (const one of deeds) this.perform(journal, one);
    journal.crash();
  }

  private perform(journal: CrashingJournal, one: Deed): void {
    if (one.kind === 'pass') return journal.passBy(one.thread, one.slots);
    if (one.kind === 'event') {
      // Numbers and zeros among the text, so that no slot of it may be taken for a request.
      const text = JSON.stringify({ kind: 'draft', filler: '1 0 '.repeat(512) }).slice(
        0,
        one.slots * 512 - 72,
      );
      journal.journal.appendEvent(text);
      return;
    }
    if ('pick' in one) return this.continue(journal, one);
    const notificationId = (this.nextId++ << 32n) | 7n;
    const listener = listeners[Number(this.nextId % 3n)] as number;
    const record = journal.receive(one.thread, listener, notificationId);
    if (one.kind !== 'receive') journal.begin(record, requestState.executing);
    if (one.kind === 'commit') {
      journal.commit(one.thread, record);
      return;
    }
    if (one.kind === 'almost') journal.almostCommit(record);
    const { epoch } = journal.journal;
    this.open.set(notificationId, { listener, notificationId, slot: record.slot, epoch, record });
  }

  /** Goes on with an open one: in its own record, or in a new one if its writer is gone. */
  private continue(journal: CrashingJournal, one: Extract<Deed, { pick: number }>): void {
    const open = [...this.open.values()][one.pick % Math.max(1, this.open.size)];
    if (open === undefined) return;
    const { epoch } = journal.journal;
    if (open.epoch !== epoch) {
      const record = journal.receive(one.thread, open.listener, open.notificationId);
      journal.begin(record, requestState.received);
      Object.assign(open, { slot: record.slot, epoch, record });
    }
    if (one.kind === 'almost-finish') journal.almostCommit(open.record);
    if (one.kind !== 'finish') return;
    journal.commit(one.thread, open.record);
    this.open.delete(open.notificationId);
  }

  get expected(): unknown[] {
    return [...this.open.values()]
      .map(({ listener, notificationId, slot, epoch }) => ({ listener, notificationId, slot, epoch }))
      .sort((a, b) => a.slot - b.slot);
  }

  found(from = 1): unknown[] {
    const next = (segmentsIn(this.directory).at(-1) ?? 0) + 1;
    return readOpenRecords(this.directory, from, next).map(({ bytes, ...rest }) => {
      const words = new DataView(bytes.buffer, bytes.byteOffset);
      expect(words.getBigUint64(offset.notificationId, true)).toBe(rest.notificationId);
      expect(words.getUint32(offset.listener, true)).toBe(rest.listener);
      return rest;
    });
  }
}

describe.runIf(onLinux)('open records', () => {
  test('exactly what nobody finished is found, once each, whatever several epochs did', async () => {
    const epochs = fc.array(fc.array(deed, { maxLength: 40 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(epochs, (all) =>
        withDirectory((directory) => {
          const journal = new Epochs(directory);
          for (const deeds of all) {
            journal.run(deeds);
            expect(journal.found()).toEqual(journal.expected);
          }
        }),
      ),
      { numRuns: 40 },
    );
  });

  test('a record that was finished by a later ticket than its slot counts only with its place in the order', () =>
    withDirectory((directory) => {
      const journal = new CrashingJournal(directory, 2);
      const early = journal.receive(0, 16, 1n);
      const other = journal.receive(0, 16, 2n);
      // The other thread's tickets run ahead of the first one's slots.
      for (let index = 0; index < 64; index++)
        journal.commit(1, journal.receive(1, 16, 100n + BigInt(index)));
      journal.almostCommit(early);
      journal.begin(other, requestState.answered);
      journal.commit(0, other);
      expect(other.u32(offset.ticket)).toBeGreaterThan(other.slot);
      journal.crash();
      const found = readOpenRecords(directory, 1, 100);
      expect(found.map(({ notificationId }) => notificationId)).toEqual([1n]);
    }));

  test('the eldest segment with something open is noted for a successor, and not looked behind', () =>
    withDirectory((directory) => {
      const first = new CrashingJournal(directory, 1);
      first.receive(0, 16, 1n);
      first.passBy(0, recordsPerSegment * 5);
      first.receive(0, 16, 2n);
      expect(first.journal.eldestOpenSegment).toBe(0);
      first.journal.noteOpenFrom(6);
      // It only ever goes forward.
      first.journal.noteOpenFrom(3);
      const newest = segmentsIn(directory).at(-1) as number;
      expect(readHeader(join(directory, segmentName(newest)))).toMatchObject({ openFrom: 6 });
      first.crash();
      const options = { directory, build: 'test', wallClockBaseMs: 0, maximumSegments: 64 };
      const second = Journal.open(options);
      expect(second.eldestOpenSegment).toBe(6);
      const ids = (from: number) =>
        readOpenRecords(directory, from, second.firstSegment).map(({ notificationId }) => notificationId);
      expect(ids(second.eldestOpenSegment)).toEqual([2n]);
      expect(ids(1)).toEqual([1n, 2n]);
      // A successor's own segments say the same before it notes anything.
      expect(readHeader(join(directory, segmentName(second.firstSegment)))).toMatchObject({ openFrom: 6 });
      second.close();
      const third = Journal.open(options);
      expect(third.eldestOpenSegment).toBe(6);
      third.close();
    }));

  test('what is noted while a segment is made ready stands in that one as well', () =>
    withDirectory((directory) => {
      const first = new CrashingJournal(directory, 1);
      first.journal.noteOpenFrom(1);
      first.passBy(0, recordsPerSegment * 2);
      first.journal.noteOpenFrom(2);
      first.passBy(0, recordsPerSegment);
      first.crash();
      const newest = segmentsIn(directory).at(-1) as number;
      expect(readHeader(join(directory, segmentName(newest)))).toMatchObject({ openFrom: 2 });
    }));

  test('threads that reserved blocks and wrote nothing there hide nobody', () =>
    withDirectory((directory) => {
      const journal = new CrashingJournal(directory, 2);
      journal.passBy(0, 1);
      for (let index = 0; index < 30; index++) journal.journal.counters.takeSlots(slotsPerBlock);
      journal.receive(1, 16, 5n);
      journal.crash();
      expect(readOpenRecords(directory, 1, 100)).toHaveLength(1);
    }));
});

describe.runIf(onLinux)('open records in damaged journals', () => {
  /** Two epochs with three open requests, one in each of the first segments. */
  function prepared(directory: string): { first: number; last: number } {
    const journal = new CrashingJournal(directory, 1);
    for (let index = 1; index <= 3; index++) {
      journal.receive(0, 16, BigInt(index));
      journal.passBy(0, recordsPerSegment);
    }
    journal.crash();
    const all = segmentsIn(directory);
    return { first: all[0] as number, last: all.at(-1) as number };
  }

  /** Reads, and takes no error but one with a code. */
  function read(directory: string, before = 100): readonly bigint[] | string {
    try {
      return readOpenRecords(directory, 1, before).map(({ notificationId }) => notificationId);
    } catch (error) {
      if (!isDeputyError(error)) throw error;
      return error.code;
    }
  }

  test('a file that is gone or cut short costs only its own records', () =>
    withDirectory((directory) => {
      const { first } = prepared(directory);
      expect(read(directory)).toEqual([1n, 2n, 3n]);
      // The third one stands at the beginning of its segment, the second at the end of its own.
      truncateSync(join(directory, segmentName(first + 2)), recordAreaOffset + 700);
      expect(read(directory)).toEqual([1n, 2n]);
      truncateSync(join(directory, segmentName(first + 1)), 100);
      rmSync(join(directory, segmentName(first)));
      expect(read(directory)).toEqual([]);
    }));

  test('a name without a file, or that is no file, is not an error without a code', () =>
    withDirectory((directory) => {
      const { first } = prepared(directory);
      const path = join(directory, segmentName(first));
      rmSync(path);
      symlinkSync('/nowhere/at/all', path);
      expect(read(directory)).toEqual([2n, 3n]);
      rmSync(path);
      mkdirSync(path);
      expect(read(directory)).toEqual('DEPUTY_E_JOURNAL_CORRUPT');
    }));

  test('any bytes anywhere are read without an error that has no code', async () => {
    const damage = fc.array(
      fc.record({
        at: fc.nat(recordAreaOffset + 600 * 512),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 4096 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(damage, (all) =>
        withDirectory((directory) => {
          const { first, last } = prepared(directory);
          all.forEach(({ at, bytes }, index) => {
            const file = openSync(join(directory, segmentName(first + (index % (last - first + 1)))), 'r+');
            writeSync(file, bytes, 0, bytes.length, at);
            closeSync(file);
          });
          read(directory);
          try {
            Journal.open({ directory, build: 'test', wallClockBaseMs: 0, maximumSegments: 64 }).close();
          } catch (error) {
            if (!isDeputyError(error)) throw error;
          }
        }),
      ),
      { numRuns: 40 },
    );
  });

  test('reading changes nothing and leaves no descriptor open', () =>
    withDirectory((directory) => {
      prepared(directory);
      const times = () => readdirSync(directory).map((name) => statSync(join(directory, name)).mtimeMs);
      const before = times();
      const open = readdirSync('/proc/self/fd').length;
      for (let index = 0; index < 20; index++) read(directory);
      expect(readdirSync('/proc/self/fd')).toHaveLength(open);
      expect(times()).toEqual(before);
    }));
});
