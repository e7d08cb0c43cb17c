import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkSealed } from '../../../../adapters/journal/check-sealed.js';
import { addToChecksum, checksumOf } from '../../../../adapters/journal/segment-sealer.js';
import {
  eventPayload,
  headerOffset,
  payloadSlots,
  sealMark,
  segmentBytes,
} from '../../../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../../../core/request/record-layout.js';
import { flip, withFolder, writeEpoch } from './written-journal.js';

describe.runIf(process.platform === 'linux')('the seal of a segment', () => {
  test('is over every byte but itself, however the file is cut into slices', async () => {
    await withFolder(async (folder) => {
      await writeEpoch(folder, { requests: 100, wallClockBaseMs: 1.5 });
      const path = join(folder, '000000000001.segment');
      const bytes = readFileSync(path);
      expect(bytes.length).toBe(segmentBytes);
      expect(bytes.readUInt32LE(headerOffset.sealed)).toBe(sealMark);
      const file = openSync(path, 'r');
      expect(await checksumOf(file)).toBe(bytes.readUInt32LE(headerOffset.checksum));
      closeSync(file);
      expect(addToChecksum(0, bytes, 0)).toBe(bytes.readUInt32LE(headerOffset.checksum));
    });
  });

  test('a segment with a call in flight is left open, and so is one that a crash left', async () => {
    await withFolder(async (folder) => {
      await writeEpoch(folder, { requests: 1_200, open: 1, wallClockBaseMs: 1.5 });
      await writeEpoch(folder, { requests: 1_200, killed: true, wallClockBaseMs: 2.5 });
      const seals = [1, 2, 3, 4].map((segment) =>
        readFileSync(join(folder, `00000000000${segment}.segment`)).readUInt32LE(headerOffset.sealed),
      );
      expect(seals).toEqual([0, sealMark, 0, 0]);
    });
  });

  test('is looked at when the next epoch begins', async () => {
    await withFolder(async (folder) => {
      await writeEpoch(folder, { requests: 1_200, wallClockBaseMs: 1.5 });
      const found: string[] = [];
      const look = () => checkSealed(folder, 3, ({ message }) => void found.push(message));
      await look();
      expect(found).toEqual([]);
      flip(join(folder, '000000000002.segment'), segmentBytes - 1, 7);
      writeFileSync(join(folder, '000000000001.segment'), 'too short');
      await look();
      expect(found).toHaveLength(1);
      expect(found[0]).toContain('000000000002.segment is corrupt');
    });
  });
});

test('no payload reaches into the words by which its slot is committed', () => {
  for (let length = 0; length < 3 * recordBytes; length++) {
    const end = eventPayload.text + length;
    const slots = payloadSlots(length);
    expect(slots * recordBytes).toBeGreaterThanOrEqual(end);
    if (slots === 1) expect(end).toBeLessThanOrEqual(offset.ticket);
  }
});
