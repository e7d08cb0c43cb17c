import fc from 'fast-check';
import { expect, it } from 'vitest';
import { globMatches } from '../../../../core/policy/glob.js';

it.each([
  ['*', '', true],
  ['', '', true],
  ['', 'a', false],
  ['?', '', false],
  ['vm-*', 'vm-', true],
  ['vm-*', 'xvm-1', false],
  ['*-db', 'a-db-db', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbYbZ', false],
  ['a.c', 'abc', false],
  ['[a]*', 'a', false],
  ['**?', '', false],
])('%j against %j: %s', (pattern, text, matches) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

it('agrees with a regular expression on small inputs', () => {
  const letters = (extra: string) => fc.string({ unit: fc.constantFrom('a', 'b', ...extra), maxLength: 8 });
  fc.assert(
    fc.property(letters('*?'), letters(''), (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`, 's');
      expect(globMatches(pattern, text)).toBe(expression.test(text));
    }),
    { numRuns: 2000 },
  );
});

it('does not blow up on hostile text', () => {
  const startMs = performance.now();
  expect(globMatches(`${'*a'.repeat(127)}b`, 'a'.repeat(16_384))).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(500);
});
