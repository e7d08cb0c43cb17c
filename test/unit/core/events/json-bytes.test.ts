import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonBytes } from '../../../../core/events/json-bytes.js';

function textOf(json: JsonBytes): string {
  return new TextDecoder().decode(json.bytes.subarray(0, json.length));
}

test('whole numbers are written as JSON.stringify writes them', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      expect(textOf(new JsonBytes().integer(value))).toBe(JSON.stringify(value === 0 ? 0 : value));
    }),
  );
});

test('64-bit numbers are written with all their digits', () => {
  const edges = [0n, 1n, 9n, 10n, 0xffffffffn, 0x100000000n, 2n ** 53n + 1n, 2n ** 64n - 1n];
  const write = (value: bigint): string =>
    textOf(new JsonBytes().unsigned64(Number(value & 0xffffffffn), Number(value >> 32n)));
  for (const value of edges) expect(write(value)).toBe(`${value}`);
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
      expect(write(value)).toBe(`${value}`);
    }),
  );
});

test('text grows beyond the first buffer, and memory is used again', () => {
  const json = new JsonBytes();
  const long = 'x'.repeat(200_000);
  json.name(long).ascii(',').raw(new TextEncoder().encode('"ä"'));
  expect(JSON.parse(`[${textOf(json)}]`)).toEqual([long, 'ä']);
  json.clear();
  expect(textOf(json.ascii('{}'))).toBe('{}');
});
