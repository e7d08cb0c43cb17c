import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Journal } from '../../../../adapters/journal/journal.js';
import { segmentsIn } from '../../../../adapters/journal/last-segment.js';
import { segmentName } from '../../../../adapters/journal/segment-file.js';
import { bytesOnDisk, trimSegments } from '../../../../adapters/journal/trim-segments.js';
import { segmentBytes } from '../../../../core/journal/segment-layout.js';
import { writeEpoch } from './written-journal.js';

const root = mkdtempSync(join(tmpdir(), 'deputy-trim-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux')('segments of epochs that were soon over', () => {
  test('take what was written; whoever reads them sees the same', async () => {
    const directory = join(root, 'read');
    for (const requests of [10, 9_000, 300, 0]) {
      await writeEpoch(directory, { requests, open: 3, killed: true, wallClockBaseMs: 0 });
    }
    const segments = segmentsIn(directory);
    const read = () => segments.map((segment) => readFileSync(join(directory, segmentName(segment))));
    const before = read();
    const wholeBytes = bytesOnDisk(directory);
    expect(wholeBytes).toBe(segments.length * segmentBytes);
    trimSegments(directory, Number.POSITIVE_INFINITY);
    for (const [index, bytes] of read().entries()) expect(bytes.equals(before[index] as Buffer)).toBe(true);
    const trimmedBytes = bytesOnDisk(directory);
    // One of the five is used up.
    expect(trimmedBytes).toBeLessThan(2.5 * segmentBytes);
    trimSegments(directory, Number.POSITIVE_INFINITY);
    expect(bytesOnDisk(directory)).toBe(trimmedBytes);
  });

  test('so a journal at its bound has room for a hundred more', () => {
    const directory = join(root, 'bound');
    const options = { directory, build: 'test', wallClockBaseMs: 0, maximumSegments: 4 };
    for (let epoch = 1; epoch <= 100; epoch++) {
      const journal = Journal.open(options);
      expect(journal.segments(), `epoch ${epoch}`).toHaveLength(1);
      journal.appendEvent('{}');
      journal.trimFormer();
      // As SIGKILL leaves it.
      journal.close(false);
    }
    expect(bytesOnDisk(directory)).toBeLessThan((4 + 4) * segmentBytes);
  });
});
