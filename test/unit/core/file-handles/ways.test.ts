import { expect, test } from 'vitest';
import { parseObservations } from '../../../../core/file-handles/observations.js';
import { wayOf, ways } from '../../../../core/file-handles/ways.js';

const opens = {
  unshare: 0,
  map: 0,
  open: 5,
  encode: 0,
  bytes: 8,
  directory: 0,
  sealed: 0,
  plain: -1,
  file: -1,
};
const { nativeDirectories, sealedByDeputy } = wayOf;

test('a probe prints a name and a number a line; what is neither is left out', () => {
  expect(parseObservations('unshare 0\nencode -95\nbytes 8\nfile-directory -116\n')).toEqual({
    unshare: 0,
    encode: -95,
    bytes: 8,
    'file-directory': -116,
  });
  expect(parseObservations('killed -9\nencode\nopen x\nplain 0x\ndirectory 1.5\n\n')).toEqual({});
  expect(parseObservations('')).toEqual({});
});

test('the kernel opens directories natively where it opened one, by its sealed handle', () => {
  expect(nativeDirectories.judge(opens)).toEqual({ possible: true, reason: expect.any(String) });
});

test.each([
  [{ unshare: -1 }, 'no user namespace could be made (EPERM)'],
  [{ unshare: 0, open_tree: 4, mount_setattr: -22 }, 'does not take an idmapped mount (EINVAL)'],
  [{ unshare: 0, map: -1 }, 'no ids could be mapped (EPERM)'],
  [{ unshare: 0, map: 0, mount: -1 }, 'may not mount this file system (EPERM)'],
  [{ ...opens, encode: -95 }, 'has no handles (EOPNOTSUPP)'],
  [{ ...opens, directory: -1 }, 'older than 6.11, or mounts below are locked'],
  [{ ...opens, directory: -116 }, 'its owner is not mapped'],
  [{ ...opens, directory: -5 }, 'refuses the directory (EIO)'],
  [{ ...opens, sealed: -116 }, 'no handle with a seal behind it (ESTALE)'],
  [{ ...opens, below: -116 }, 'no handle with a seal behind it (ESTALE)'],
  [{}, 'did not get so far'],
] as const)('%j: %s', (seen, reason) => {
  const judged = nativeDirectories.judge(seen);
  expect(judged.possible).toBe(false);
  expect(judged.reason).toContain(reason);
});

test('the rest is for deputy wherever there are handles, also where the kernel opens more than today', () => {
  expect(sealedByDeputy.judge(opens)).toMatchObject({ possible: true });
  expect(sealedByDeputy.judge(opens).reason).toContain('nothing but directories');
  expect(sealedByDeputy.judge({ ...opens, file: 0 }).reason).toContain('more for a user namespace');
  expect(sealedByDeputy.judge({ encode: -95 }).possible).toBe(false);
});

test('each way has a name of its own, and only the checked one has nothing to warn of', () => {
  expect(new Set(ways.map(({ name }) => name)).size).toBe(ways.length);
  expect(nativeDirectories.unchecked.join()).toMatch(/seal.*tenant and share.*policy/);
  expect(sealedByDeputy.unchecked).toEqual([]);
});
