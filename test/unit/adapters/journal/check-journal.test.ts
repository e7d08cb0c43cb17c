import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckedJournal, checkJournal } from '../../../../adapters/journal/check-journal.js';
import { planRepair } from '../../../../adapters/journal/plan-repair.js';
import { recordOffset } from '../../../../adapters/journal/segment-image.js';
import {
  headerCopyOffset,
  headerOffset,
  segmentBytes,
  segmentHeaderBytes,
} from '../../../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../../../core/request/record-layout.js';
import { isLong } from '../../../support/describe-when.js';
import { copyJournal, flip, handlersOf, withFolder, writeEpoch } from './written-journal.js';

/** What a check says, for comparison: problems, and what it counted. */
function said({ problems, segments }: CheckedJournal): string {
  const counted = segments.map(({ ordered, runs, header }) => [
    ordered,
    header,
    runs.map(({ kind }) => kind).join(),
  ]);
  return JSON.stringify([problems, counted]);
}

const onLinux = process.platform === 'linux';

describe.runIf(onLinux)('checking a journal', () => {
  let release: () => void = () => {};
  let done: Promise<void>;
  let source: string;
  let folder: string;

  beforeAll(async () => {
    await new Promise<void>((ready) => {
      done = withFolder(async (made) => {
        folder = made;
        source = join(made, 'source');
        mkdirSync(source);
        await writeEpoch(source, { requests: 9_000, wallClockBaseMs: 1_000.25 });
        await writeEpoch(source, { requests: 300, open: 3, killed: true, wallClockBaseMs: 2_000.5 });
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

  const check = (directory: string): CheckedJournal => checkJournal(directory, handlersOf);

  test('what a later epoch finished is superseded; the rest stays open', () =>
    withFolder(async (directory) => {
      await writeEpoch(directory, { requests: 20, open: 3, killed: true, wallClockBaseMs: 1_000.25 });
      await writeEpoch(directory, {
        requests: 20,
        takenOver: 2,
        open: 1,
        killed: true,
        wallClockBaseMs: 2_000.5,
      });
      await writeEpoch(directory, { requests: 20, takenOver: 1, wallClockBaseMs: 3_000.75 });
      writeFileSync(join(directory, '4711.spare'), '');
      writeFileSync(join(directory, 'checkpoint.json'), '{}');
      const { problems, segments } = check(directory);
      expect(problems).toEqual([]);
      const runs = segments.flatMap((one) => one.runs);
      expect(runs.filter(({ kind }) => kind === 'superseded')).toHaveLength(3);
      expect(runs.filter(({ kind }) => kind === 'open')).toHaveLength(1);
      expect(planRepair(check(directory))).toMatchObject({ actions: [], lost: [], inFlight: 1 });
    }));

  test('an undamaged one is well, and all in it is counted', () => {
    const { problems, segments } = check(source);
    expect(problems).toEqual([]);
    const runs = segments.flatMap((one) => one.runs);
    const count = (kind: string): number => runs.filter((run) => run.kind === kind).length;
    expect(count('request')).toBe(9_300);
    expect(count('event')).toBe(930);
    expect(count('open')).toBe(3);
    expect(segments.map(({ isSealed }) => isSealed)).toEqual([true, true, true, false]);
  });

  test('any flipped bit of a sealed segment is found', { timeout: isLong ? 900_000 : 120_000 }, () => {
    const copy = join(folder, 'sealed');
    copyJournal(source, copy);
    const [name] = readdirSync(copy);
    const path = join(copy, name as string);
    // Where it doesn't begin as one, it may be a later format, which is an error of its own.
    const places = fc.oneof(
      fc.integer({ min: 0, max: 127 }),
      fc.integer({ min: 0, max: segmentHeaderBytes - 1 }),
      fc.integer({ min: segmentHeaderBytes, max: segmentBytes - 1 }),
    );
    fc.assert(
      fc.property(places, fc.integer({ min: 0, max: 7 }), (at, bit) => {
        flip(path, at, bit);
        try {
          expect(isReported(copy)).toBe(true);
        } finally {
          flip(path, at, bit);
        }
      }),
      { numRuns: isLong ? 200 : 40 },
    );
  });

  test("in a segment that is not sealed, flips of all but a record's content are found", {
    timeout: isLong ? 900_000 : 120_000,
  }, () => {
    const copy = join(folder, 'unsealed');
    copyJournal(source, copy);
    // What was written longer ago is dropped in the end, and what it held is no problem of the rest.
    for (const number of [1, 2, 3]) rmSync(join(copy, `00000000000${number}.segment`));
    const path = join(copy, '000000000004.segment');
    const before = said(check(copy));
    fc.assert(
      fc.property(structure, ([at, bit]) => {
        flip(path, at, bit);
        try {
          expect(isReported(copy) || said(check(copy)) !== before).toBe(true);
        } finally {
          flip(path, at, bit);
        }
      }),
      { numRuns: isLong ? 600 : 120 },
    );
  });

  test('a truncated segment, garbage for a header, and a segment that is missing', () => {
    const copy = join(folder, 'whole');
    copyJournal(source, copy);
    truncateSync(join(copy, '000000000002.segment'), 1_000_000);
    const file = openSync(join(copy, '000000000004.segment'), 'r+');
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
    closeSync(file);
    const { problems } = check(copy);
    const details = problems.map(({ segment, detail }) => `${segment}: ${detail}`);
    expect(details).toContain(`2: it has 1000000 bytes instead of ${segmentBytes}`);
    expect(details).toContain('4: it does not begin as a segment');
  });

  function isReported(directory: string): boolean {
    try {
      return check(directory).problems.length > 0;
    } catch (error) {
      return (error as { code?: string }).code === 'DEPUTY_E_JOURNAL_FORMAT_NEWER';
    }
  }
});

/** Of a step of the trace the state, which the machine gives; one step without an event looks like another. */
const requestFields = [offset.kind, offset.epoch, offset.ticket, offset.commit, offset.trace + 1];

/** Places that a reader relies on: header, order, what a record is, and room where nothing may stand. */
const structure = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: headerOffset.checksum - 1 }), bits()),
  fc.tuple(fc.integer({ min: headerOffset.repaired, max: segmentHeaderBytes - 1 }), bits()),
  fc.tuple(fc.integer({ min: headerCopyOffset, max: segmentBytes - 1 }), bits()),
  // 300 requests and 30 events.
  fc.tuple(fc.integer({ min: segmentHeaderBytes, max: segmentHeaderBytes + 329 * 8 + 7 }), bits()),
  fc.tuple(fc.integer({ min: segmentHeaderBytes + 330 * 8, max: recordOffset(0) - 1 }), bits()),
  fc.tuple(
    fc
      .tuple(fc.integer({ min: 70, max: 120 }), fc.constantFrom(...requestFields))
      .map(([place, field]) => recordOffset(place) + field),
    bits(),
  ),
  fc.tuple(
    fc
      .tuple(fc.integer({ min: 2_000, max: 8_191 }), fc.integer({ min: 16, max: recordBytes - 1 }))
      .map(([place, field]) => recordOffset(place) + field),
    bits(),
  ),
);

function bits() {
  return fc.integer({ min: 0, max: 7 });
}
