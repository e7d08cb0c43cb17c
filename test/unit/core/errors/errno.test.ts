import { constants } from 'node:os';
import { expect, it } from 'vitest';
import {
  errnoName,
  errnoNumber,
  errnoNumbers,
  errnoText,
  isErrnoName,
} from '../../../../core/errors/errno.js';

it("agrees with Node's own table on Linux", () => {
  const known = Object.entries(constants.errno).filter(([name]) => isErrnoName(name));
  expect(known.length).toBeGreaterThan(70);
  for (const [name, number] of known) {
    expect([name, errnoNumbers[name as keyof typeof errnoNumbers]]).toEqual([name, number]);
  }
});

it('translates both ways', () => {
  expect(errnoName(116)).toBe('ESTALE');
  expect(errnoNumber('EOVERFLOW')).toBe(75);
  expect(errnoName(599)).toBeUndefined();
  expect(errnoText(599)).toBe('errno 599');
  for (const [name, number] of Object.entries(errnoNumbers)) {
    expect(errnoName(number)).toBe(name);
  }
});
