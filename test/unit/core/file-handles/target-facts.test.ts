import { expect, test } from 'vitest';
import {
  isMapped,
  judgeNative,
  parseIdMap,
  type TargetHandleFacts,
} from '../../../../core/file-handles/target-facts.js';

const share = { mountPoint: '/share', fileSystemType: 'ext4', isOwnerMapped: true, sealed: 0 };
const good: TargetHandleFacts = {
  hasUserNamespace: true,
  ownsMounts: true,
  effectiveCapabilities: (1n << 2n) | (1n << 21n),
  shares: [share],
};

test('the kernel opens directories for who has both capabilities over its own mounts', () => {
  expect(judgeNative(good)).toEqual({ opens: true, reasons: [] });
});

test.each([
  [{ hasUserNamespace: false }, 'no user namespace of its own'],
  [{ ownsMounts: false }, 'does not belong to its user namespace'],
  [{ effectiveCapabilities: 1n << 2n }, 'it lacks CAP_SYS_ADMIN in'],
  [{ effectiveCapabilities: 0n }, 'it lacks CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH'],
  [{ shares: [] }, 'it has no share'],
  [{ shares: [{ ...share, isOwnerMapped: false }] }, 'ext4 at /share: its owner is not mapped'],
  [{ shares: [{ ...share, sealed: -116 }] }, 'it takes no sealed handle (ESTALE)'],
])('%o: %s', (difference, reason) => {
  const { opens, reasons } = judgeNative({ ...good, ...difference });
  expect(opens).toBe(false);
  expect(reasons.join()).toContain(reason);
});

test('one share is enough; what is to be said of the others is said', () => {
  const other = { ...share, mountPoint: '/other', isOwnerMapped: false };
  const { opens, reasons } = judgeNative({ ...good, shares: [other, share] });
  expect(opens).toBe(true);
  expect(reasons).toEqual([expect.stringContaining('/other')]);
  expect(judgeNative({ ...good, shares: [share, ...Array(100).fill(other)] }).reasons).toHaveLength(16);
});

test('ids are mapped as /proc/PID/uid_map says', () => {
  const ranges = parseIdMap('         0     100000      65536\n     65536          7          1\n');
  expect(ranges).toEqual([
    { outside: 100_000, count: 65_536 },
    { outside: 7, count: 1 },
  ]);
  expect([99_999, 100_000, 165_535, 165_536, 7, 8].map((id) => isMapped(ranges, id))).toEqual([
    false,
    true,
    true,
    false,
    true,
    false,
  ]);
  expect(parseIdMap('')).toEqual([]);
  expect(parseIdMap('a b c\n1 2\n')).toEqual([]);
});
