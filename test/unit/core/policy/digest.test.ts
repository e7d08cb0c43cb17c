import { expect, it } from 'vitest';
import { canonicalJson, digestOf } from '../../../../core/policy/digest.js';

it('canonicalJson sorts keys and leaves out what is undefined', () => {
  expect(canonicalJson({ b: [1, { d: null, c: undefined }], a: 'x' })).toBe('{"a":"x","b":[1,{"d":null}]}');
});

it('digestOf is FNV-1a of 64 bits', () => {
  // The published value for the text `1` (a JSON number): offset basis ^ 0x31, times the prime.
  expect(digestOf(1)).toBe('af63ac4c86019afc');
  expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
});
