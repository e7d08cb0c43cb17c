import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkJournal } from '../../../../adapters/journal/check-journal.js';
import { EpochClocks } from '../../../../adapters/journal/epoch-clocks.js';
import { Journal } from '../../../../adapters/journal/journal.js';
import { planRepair } from '../../../../adapters/journal/plan-repair.js';
import { repairJournal } from '../../../../adapters/journal/repair-journal.js';
import { readHeader } from '../../../../adapters/journal/segment-file.js';
import { recordOffset } from '../../../../adapters/journal/segment-image.js';
import {
  headerCopyOffset,
  headerOffset,
  recordAreaOffset,
  recordsPerSegment,
  segmentBytes,
  segmentHeaderBytes,
} from '../../../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../../../core/request/record-layout.js';
import { isLong } from '../../../support/describe-when.js';
import { copyJournal, flip, handlersOf, readAll, withFolder, writeEpoch } from './written-journal.js';

const onLinux = process.platform === 'linux';
const name = (segment: number): string => `${String(segment).padStart(12, '0')}.segment`;

describe.runIf(onLinux)('repairing a journal', () => {
  let release: () => void = () => {};
  let done: Promise<void>;
  let source: string;
  let copy: string;
  let originals: Map<number, string>;
  /** Where each record of the source is: its ticket, by segment and byte. */
  const owners = new Map<number, { start: number; end: number; ticket: number }[]>();

  beforeAll(async () => {
    await new Promise<void>((ready) => {
      done = withFolder(async (made) => {
        source = join(made, 'source');
        copy = join(made, 'copy');
        mkdirSync(source);
        // Segments 1 to 3, the last of them empty; then one with all there is of its epoch.
        await writeEpoch(source, { requests: 8_500, killed: true, wallClockBaseMs: 1_000.25 });
        await writeEpoch(source, { requests: 300, open: 3, killed: true, wallClockBaseMs: 2_000.5 });
        originals = readAll(source);
        for (const { segment, runs } of checkJournal(source, handlersOf).segments) {
          const list = runs.flatMap(({ place, slots, ticket }) =>
            ticket === undefined
              ? []
              : [{ start: recordOffset(place), end: recordOffset(place) + slots * recordBytes, ticket }],
          );
          owners.set(segment, list);
        }
        ready();
        await new Promise<void>((end) => {
          release = end;
        });
      });
    });
  });
  afterAll(async () => {
    release();
    await done;
  });

  function repair() {
    const plan = planRepair(checkJournal(copy, handlersOf));
    return { plan, done: repairJournal(plan) };
  }

  /** After a repair: it is well, a second one does nothing, and all but what was hit is there as it was. */
  function expectMended(hit: ReadonlySet<number>): void {
    expect(checkJournal(copy, handlersOf).problems).toEqual([]);
    expect(repair().done).toEqual([]);
    const left = readAll(copy);
    for (const [ticket, text] of originals) {
      if (!hit.has(ticket)) expect(left.get(ticket), `ticket ${ticket}`).toBe(text);
    }
    for (const ticket of left.keys()) expect(originals.has(ticket)).toBe(true);
  }

  test('after any flipped bits it is well, and all records that were not hit are there', {
    timeout: isLong ? 900_000 : 120_000,
  }, () => {
    const places = fc.oneof(
      fc.integer({ min: 12, max: 127 }),
      fc.integer({ min: segmentHeaderBytes, max: segmentHeaderBytes + 330 * 8 }),
      fc.integer({ min: recordAreaOffset, max: recordAreaOffset + 700 * recordBytes }),
      fc.integer({ min: segmentHeaderBytes, max: segmentBytes - 1 }),
      fc.integer({ min: headerCopyOffset, max: headerCopyOffset + 127 }),
    );
    const oneFlip = fc.record({
      segment: fc.integer({ min: 1, max: 4 }),
      at: places,
      bit: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(fc.array(oneFlip, { minLength: 1, maxLength: 3 }), (flips) => {
        copyJournal(source, copy);
        const hit = new Set<number>();
        for (const { segment, at, bit } of flips) {
          flip(join(copy, name(segment)), at, bit);
          const owner = owners.get(segment)?.find(({ start, end }) => at >= start && at < end);
          if (owner !== undefined) hit.add(owner.ticket);
        }
        repair();
        expectMended(hit);
      }),
      // Shrinking takes minutes, and what it starts from is three flips already.
      { numRuns: isLong ? 200 : 6, endOnFailure: true },
    );
  });

  test('an entry that names a segment which was dropped long ago', () => {
    for (const place of [2, 11 * 20, 11 * 9]) {
      copyJournal(source, copy);
      // Segment 1 becomes 0: such entries are right when the segment was let go.
      flip(join(copy, name(1)), segmentHeaderBytes + place * 8 + 4, 0);
      expect(checkJournal(copy, handlersOf).badTickets).toEqual(new Set([recordsPerSegment + place]));
      repair();
      expectMended(new Set());
    }
  });

  test('an entry that names a call in flight, or an empty slot, costs neither', () => {
    for (const [at, bit] of [
      [6_600, 5],
      [6_600, 3],
      [6_601, 4],
    ] as const) {
      copyJournal(source, copy);
      flip(join(copy, name(4)), at, bit);
      const { plan } = repair();
      expect(plan.lost).toEqual([]);
      expect(plan.inFlight).toBe(3);
      expectMended(new Set());
    }
  });

  test('a long event finds its place beside an entry that the order had not come to, or that is lost', () => {
    const longEvent = segmentHeaderBytes + 77 * 8;
    copyJournal(source, copy);
    flip(join(copy, name(3)), segmentHeaderBytes, 0);
    flip(join(copy, name(1)), longEvent, 0);
    const checked = checkJournal(copy, handlersOf);
    expect(checked.badTickets).toEqual(new Set([recordsPerSegment + 77, 3 * recordsPerSegment]));
    expect(planRepair(checked).lost).toEqual([]);
    repair();
    expectMended(new Set());
    // Two entries without a record, since one's own can't be read either; the event goes to the right one.
    const ticket = recordsPerSegment + 20;
    const other = owners.get(1)?.find((owner) => owner.ticket === ticket);
    copyJournal(source, copy);
    flip(join(copy, name(1)), longEvent, 0);
    flip(join(copy, name(1)), segmentHeaderBytes + 20 * 8 + 1, 4);
    flip(join(copy, name(1)), (other?.start ?? 0) + offset.kind, 5);
    repair();
    expectMended(new Set([ticket]));
  });

  test('a long event whose entry names an empty slot has it again; the last of its epoch, too', () => {
    // Entry 69 of segment 2, and that of the last long event of the second epoch.
    const last = [...originals].findLast(([, text]) => text.includes('filler'))?.[0] ?? 0;
    for (const ticket of [2 * recordsPerSegment + 69, last]) {
      copyJournal(source, copy);
      const place = ticket % recordsPerSegment;
      flip(join(copy, name(Math.floor(ticket / recordsPerSegment))), segmentHeaderBytes + place * 8 + 1, 4);
      expect(checkJournal(copy, handlersOf).badTickets).toEqual(new Set([ticket]));
      expect(repair().plan.lost).toEqual([]);
      expectMended(new Set());
    }
  });

  test('one bit of a free slot does not speak for its segment', () => {
    copyJournal(source, copy);
    flip(join(copy, name(3)), recordOffset(0) + 12, 2);
    repair();
    expectMended(new Set());
  });

  test('an entry in a segment that has none yet', () => {
    copyJournal(source, copy);
    flip(join(copy, name(3)), segmentHeaderBytes, 0);
    expect(checkJournal(copy, handlersOf).badTickets).toContain(3 * recordsPerSegment);
    flip(join(copy, name(1)), segmentHeaderBytes, 0);
    repair();
    expectMended(new Set());
  });

  test('a truncated segment keeps what is left of it, and the original is kept too', () => {
    copyJournal(source, copy);
    const length = recordAreaOffset + 1_000 * recordBytes;
    truncateSync(join(copy, name(1)), length);
    const { plan, done: what } = repair();
    expect(what.map(({ segment, done: kind }) => [segment, kind])).toEqual([[1, 'rewrite']]);
    expect(readFileSync(what[0]?.original ?? '').length).toBe(length);
    const hit = new Set(
      owners
        .get(1)
        ?.filter(({ end }) => end > length)
        .map(({ ticket }) => ticket),
    );
    expect(plan.lost.length).toBeGreaterThan(6_000);
    expectMended(hit);
  });

  test('garbage for a header costs no record; garbage for a segment costs that one', () => {
    copyJournal(source, copy);
    const whole = readFileSync(join(copy, name(4)));
    whole.fill(0xa5, 0, segmentHeaderBytes);
    writeFileSync(join(copy, name(4)), whole);
    // Nor its time, for whoever reads on before it is repaired.
    expect(new EpochClocks(copy).baseMs(4 * recordsPerSegment)).toBe(2_000.5);
    const { plan, done: what } = repair();
    expect(what.map(({ segment, done: kind }) => [segment, kind])).toEqual([[4, 'rewrite']]);
    expect(plan.inFlight).toBe(3);
    expectMended(new Set());
    writeFileSync(join(copy, name(3)), Buffer.alloc(segmentBytes, 0xa5));
    expect(repair().done.map(({ segment, done: kind }) => [segment, kind])).toEqual([[3, 'set-aside']]);
    expectMended(new Set());
  });

  test('where nothing is left to tell the time of records, their segment is set aside whole', () => {
    copyJournal(source, copy);
    spoilHeaders(4);
    const { plan } = repair();
    expect(plan.lost.filter(({ what }) => what === 'request')).toHaveLength(300);
    expect(plan.lost.filter(({ what }) => what === 'call in flight')).toHaveLength(3);
    expectMended(new Set(owners.get(4)?.map(({ ticket }) => ticket)));
  });

  test('a segment that lost its header and the copy of it has both from another of its epoch', () => {
    copyJournal(source, copy);
    spoilHeaders(2);
    const { done: what } = repair();
    expect(what.map(({ segment, done: kind }) => [segment, kind])).toEqual([[2, 'rewrite']]);
    expectMended(new Set());
    expect(readHeader(join(copy, name(2)))).toMatchObject({ epoch: 1, wallClockBaseMs: 1_000.25 });
  });

  test("a clock that a bit is wrong in is the copy's again, also where nobody else knows it", () => {
    for (const [segment, wallClockBaseMs] of [
      [4, 2_000.5],
      [1, 1_000.25],
    ] as const) {
      copyJournal(source, copy);
      flip(join(copy, name(segment)), headerOffset.wallClockBaseMs + 6, 3);
      repair();
      expect(readHeader(join(copy, name(segment)))).toMatchObject({ wallClockBaseMs });
      expectMended(new Set());
    }
  });

  /** Garbage for a segment's header and for the copy of it. */
  function spoilHeaders(segment: number): void {
    const whole = readFileSync(join(copy, name(segment)));
    whole.fill(0xa5, 0, segmentHeaderBytes).fill(0xa5, headerCopyOffset);
    writeFileSync(join(copy, name(segment)), whole);
  }

  test('a segment that is missing is noted, and readers go on behind it', async () => {
    copyJournal(source, copy);
    rmSync(join(copy, name(2)));
    expect(repair().done.map(({ segment, done: kind }) => [segment, kind])).toContainEqual([
      2,
      'note-missing',
    ]);
    const hit = [...originals.keys()].filter((ticket) => Math.floor(ticket / recordsPerSegment) === 2);
    const inSecond = owners.get(2)?.map(({ ticket }) => ticket) ?? [];
    expectMended(new Set([...hit, ...inSecond]));
  });

  test('a repair that was killed between its steps is finished by the next', () => {
    const damage = (): void => {
      copyJournal(source, copy);
      flip(join(copy, name(4)), segmentHeaderBytes + 8 * 20, 3);
    };
    damage();
    // Killed while it wrote the new file.
    writeFileSync(join(copy, `${name(4)}.new`), 'half');
    repair();
    expect(existsSync(join(copy, `${name(4)}.new`))).toBe(false);
    expectMended(new Set());
    // Killed when the original was kept, and the new one not yet in its place.
    damage();
    mkdirSync(join(copy, 'damaged'));
    const kept = join(copy, 'damaged', name(4));
    writeFileSync(kept, 'an earlier one');
    repair();
    expect(readFileSync(kept, 'utf8')).toBe('an earlier one');
    expect(readdirSync(join(copy, 'damaged'))).toHaveLength(2);
    expectMended(new Set());
  });

  test('the next epoch begins above all that were, also when the last segments were set aside', async () => {
    copyJournal(source, copy);
    for (const segment of [3, 4]) writeFileSync(join(copy, name(segment)), Buffer.alloc(segmentBytes, 0xa5));
    const open = () =>
      Journal.open({ directory: copy, build: 'test', wallClockBaseMs: 3_000.75, maximumSegments: 16 });
    repair();
    const journal = open();
    expect(journal.damage).toEqual([]);
    expect(journal.epoch).toBeGreaterThan(2);
    expect(journal.firstSegment).toBe(5);
    await journal.close();
  });
});
