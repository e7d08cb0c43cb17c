import { describe, expect, test } from 'vitest';
import { allCases } from './cases/all.js';
import { rowsWithCases } from './facts.js';
import { parseScript } from './language.js';

/** Every errno that a handler, or the kernel in its place, can give a target. */
const errnos = [
  'EACCES',
  'EBADF',
  'EFAULT',
  'EINTR',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMFILE',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOSYS',
  'ENOTDIR',
  'ENXIO',
  'EOPNOTSUPP',
  'EOVERFLOW',
  'EPERM',
  'EROFS',
  'ESTALE',
  'ETXTBSY',
];

describe('what the cases speak of', () => {
  test('every row of the facts that has cases is named by one, and no case names another', () => {
    const named = new Set(allCases.flatMap(({ fact }) => (fact === undefined ? [] : [fact])));
    expect([...named].sort()).toEqual([...rowsWithCases].sort());
  });

  test('every errno is what some call returns', () => {
    const lines = allCases.flatMap(({ script }) => parseScript(script));
    const returned = new Set(
      lines.filter(({ verb }) => verb === 'returns').map(({ expected }) => expected ?? ''),
    );
    expect(errnos.filter((errno) => !returned.has(errno))).toEqual([]);
  });
});
