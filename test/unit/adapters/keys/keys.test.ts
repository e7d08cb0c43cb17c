import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  changeKeys,
  exported,
  formatKeys,
  imported,
  KeyRing,
  keysPath,
  parseKeys,
  readKeys,
  retired,
  rotated,
  type SealKeySet,
  withFirstKey,
} from '../../../../adapters/keys/index.js';
import { sealVerdict } from '../../../../core/ports/seal-keys.js';

const message = new Uint8Array(20).fill(3);

function verdict(set: SealKeySet, keyId: number, nowMs: number, mac: Uint8Array): number {
  const ring = new KeyRing(() => nowMs);
  ring.set(set);
  return ring.verify(keyId, 'scope', message, mac);
}

function signed(set: SealKeySet): Uint8Array {
  const ring = new KeyRing(() => 0);
  ring.set(set);
  const mac = new Uint8Array(16);
  expect(ring.sign(set.current, 'scope', message, mac)).toBe(true);
  return mac;
}

describe('the life of keys', () => {
  const first = withFirstKey(undefined, 0);
  const mac = signed(first);

  test('a first one is made once', () => {
    expect(first.keys).toHaveLength(1);
    expect(withFirstKey(first, 5)).toBe(first);
  });

  test('after a rotation the old one verifies, without end or up to a time', () => {
    const endless = rotated(first, 1);
    expect(endless.current).not.toBe(first.current);
    expect(verdict(endless, first.current, 1e15, mac)).toBe(sealVerdict.right);
    const bounded = rotated(first, 1, 100);
    expect(verdict(bounded, first.current, 99, mac)).toBe(sealVerdict.right);
    expect(verdict(bounded, first.current, 100, mac)).toBe(sealVerdict.keyUnknown);
    expect(verdict(bounded, bounded.current, 100, signed(bounded))).toBe(sealVerdict.right);
  });

  test('a retired one does not verify; the current one is replaced', () => {
    const two = rotated(first, 1);
    const without = retired(two, first.current, 2);
    expect(without.current).toBe(two.current);
    expect(verdict(without, first.current, 2, mac)).toBe(sealVerdict.keyUnknown);
    const replaced = retired(two, two.current, 2);
    expect(replaced.current).not.toBe(two.current);
    expect(verdict(replaced, first.current, 3, mac)).toBe(sealVerdict.right);
    expect(() => retired(two, 1, 2)).toThrow('there is no seal key 00000001');
  });

  test('a time to retire is never put off', () => {
    const soon = rotated(first, 1, 10);
    const later = retired(rotated(soon, 2, 1000), first.current, 1e6);
    expect(later.keys.find(({ id }) => id === first.current)?.retireAtMs).toBe(10);
  });

  test('there are 64 at most; only retired ones make room', () => {
    let many = first;
    for (let count = 1; count < 64; count++) many = rotated(many, count);
    expect(() => rotated(many, 100)).toThrow('limit of 64 seal keys');
    const one = many.keys[5]?.id ?? 0;
    const again = rotated(retired(many, one, 100), 101);
    expect(again.keys).toHaveLength(64);
    expect(again.keys.some(({ id }) => id === one)).toBe(false);
  });

  test('exported and imported, they verify on the other machine, and may be its current ones', () => {
    const theirs = exported(rotated(first, 1), [], 2);
    const own = withFirstKey(undefined, 0);
    const both = imported(own, theirs, false, 2);
    expect(both.current).toBe(own.current);
    expect(verdict(both, first.current, 2, mac)).toBe(sealVerdict.right);
    expect(imported(both, theirs, true, 3).current).toBe(theirs.current);
    expect(imported(both, theirs, true, 3).keys).toHaveLength(both.keys.length);
    expect(imported(undefined, theirs, false, 2).current).toBe(theirs.current);
    expect(exported(both, [own.current], 2)).toMatchObject({
      current: own.current,
      keys: [{ id: own.current }],
    });
    expect(() => exported(both, [99], 2)).toThrow('there is no seal key');
  });

  test('another key under a known id, or a current one that is to end, is refused', () => {
    const other = withFirstKey(undefined, 0);
    const forged = { current: first.current, keys: [{ ...other.keys[0], id: first.current }] } as SealKeySet;
    expect(() => imported(first, forged, false, 1)).toThrow('cannot be imported');
    const ends = retired(rotated(first, 1), first.current, 2);
    expect(() => imported(ends, exported(first, [], 1), true, 3)).toThrow('to be retired');
  });
});

describe('files of keys', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-keys-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('are 0600 in a 0700 folder, whole, and the same when read again', () => {
    const made = changeKeys(directory, (keys) => withFirstKey(keys, 5));
    expect(statSync(keysPath(directory)).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'keys')).mode & 0o777).toBe(0o700);
    expect(readKeys(directory)).toEqual(made);
    expect(readdirSync(join(directory, 'keys')).sort()).toEqual(['lock', 'seal-keys.json']);
    expect(changeKeys(directory, (keys) => withFirstKey(keys, 6))).toEqual(made);
    chmodSync(keysPath(directory), 0o644);
    changeKeys(directory, (keys) => rotated(keys as SealKeySet, 7));
    expect(statSync(keysPath(directory)).mode & 0o777).toBe(0o600);
  });

  test('that are cut or changed anywhere are refused, and never replaced by fresh ones', () => {
    changeKeys(directory, (keys) => withFirstKey(keys, 5));
    const path = keysPath(directory);
    const whole = readFileSync(path);
    for (let size = 0; size < whole.length - 2; size += 7) {
      writeFileSync(path, whole.subarray(0, size));
      expect(() => changeKeys(directory, (keys) => withFirstKey(keys, 6))).toThrow('are damaged');
    }
    for (let at = 0; at < whole.length - 1; at += 3) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      writeFileSync(path, changed);
      const read = (): unknown => readKeys(directory);
      // White space alone may change: it means nothing.
      if (whole[at] !== 0x20 && whole[at] !== 0x0a) expect(read, `byte ${at}`).toThrow();
    }
  });

  test('say what they are: an export is no file of a state directory', () => {
    const keys = withFirstKey(undefined, 5);
    const text = formatKeys('deputy exported seal keys', keys);
    expect(text).toContain('SECRET');
    expect(parseKeys('deputy exported seal keys', text)).toEqual(keys);
    expect(() => parseKeys('deputy seal keys', text)).toThrow("not of 'deputy seal keys'");
    const secret = keys.keys[0]?.secret ?? '';
    for (const broken of [
      text.slice(0, 300),
      text.replace(secret, `${secret.slice(0, -3)}AA=`),
      '{}',
      '[]',
    ]) {
      try {
        parseKeys('deputy exported seal keys', broken);
        expect.unreachable();
      } catch (error) {
        expect((error as Error).message).not.toContain(secret.slice(0, 8));
      }
    }
  });
});

test('the table of scopes is bounded', () => {
  const ring = new KeyRing(() => 0);
  const set = withFirstKey(undefined, 0);
  ring.set(set);
  const mac = new Uint8Array(16);
  for (let scope = 0; scope < 10_000; scope++) ring.sign(set.current, `scope ${scope}`, message, mac);
  ring.sign(set.current, 'scope 1', message, mac);
  expect(ring.verify(set.current, 'scope 1', message, mac)).toBe(sealVerdict.right);
  expect(ring.verify(set.current, 'scope 2', message, mac)).toBe(sealVerdict.wrong);
});
