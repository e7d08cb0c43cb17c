import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import {
  maximumManifestBytes,
  parseManifestText,
  readManifest,
} from '../../../../adapters/kubernetes/index.js';

const directory = mkdtempSync(join(tmpdir(), 'deputy-manifest-'));
afterAll(() => rmSync(directory, { recursive: true }));

const unreadable = expect.objectContaining({ code: 'DEPUTY_E_POD_UNREADABLE' });
const invalid = (message: string) =>
  expect.objectContaining({ code: 'DEPUTY_E_POD_INVALID', message: expect.stringContaining(message) });
/** Each line is within the bound, and holds the one before. */
function deepByAliases(): string {
  const level = (inner: string) => `${'['.repeat(40)}${inner}${']'.repeat(40)}`;
  return ['a: &a', 'b: &b', 'c: &c']
    .map((key, index) => `${key} ${level(['x', '*a', '*b'][index] ?? '')}`)
    .join('\n');
}

async function* chunks(...parts: string[]) {
  yield* parts;
}

describe('a manifest is read as kubectl reads it', () => {
  it('has documents, some of them empty, in YAML or JSON', () => {
    expect(parseManifestText('a: 1\n---\n---\nb: 2\n')).toEqual([{ a: 1 }, null, { b: 2 }]);
    expect(parseManifestText('{"a": [1, "x", null]}')).toEqual([{ a: [1, 'x', null] }]);
    expect(parseManifestText('')).toEqual([]);
  });

  it('knows the truths of YAML 1.1, and merges', () => {
    expect(parseManifestText('[yes, no, on, off, y, N, true, 010, 0x10]')).toEqual([
      [true, false, true, false, true, false, true, 8, 16],
    ]);
    expect(parseManifestText('base: &b {a: 1, b: 2}\nown: {<<: *b, b: 3}')).toMatchObject([
      { own: { a: 1, b: 3 } },
    ]);
  });

  it('leaves times and addresses as text', () => {
    expect(parseManifestText('[2026-01-02, 12:30:45, ::1, 2001-12-14t21:59:43.10-05:00]')).toEqual([
      ['2026-01-02', '12:30:45', '::1', '2001-12-14t21:59:43.10-05:00'],
    ]);
  });
});

describe('what could hide something, or is made to hurt, is refused', () => {
  it.each([
    ['a key twice', 'spec:\n  x: 1\n  y: 1\n  x: 2\n', 'line 4, column 3: the key x is there twice'],
    ['a key twice in another form', '{1: a, "1": b}', 'the key 1 is there twice'],
    ['broken syntax', 'a: [1\nb: 2\n', 'line 2'],
    ['tags of its own', 'a: !thing 1\n', 'line 1, column 4: Unresolved tag'],
    ['an alias of itself', '&a [*a]', 'nested more than 100 deep'],
    ['nesting without end', '['.repeat(100_000), 'nested more than 100 deep'],
    ['the same in lists', '- '.repeat(100_000), 'nested more than 100 deep'],
    ['the same as keys', '? '.repeat(100_000), 'nested more than 100 deep'],
    ['nesting that only aliases make', deepByAliases(), 'nested more than 100 deep'],
  ])('%s', (_, text, message) => {
    expect(() => parseManifestText(text)).toThrow(invalid(message));
  });

  it('aliases of aliases', () => {
    const lines = Array.from({ length: 9 }, (_, index) => {
      const inner = index === 0 ? 'x' : `*a${index - 1}`;
      return `a${index}: &a${index} [${Array(9).fill(inner).join(', ')}]`;
    });
    expect(() => parseManifestText(lines.join('\n'))).toThrow(invalid('alias'));
  });

  it('what is small, but large with its aliases', () => {
    const big = `big: &b [${'1,'.repeat(30_000)}1]\n`;
    const text = `${big}all: [${Array(90).fill('*b').join(', ')}]\n`;
    expect(() => parseManifestText(text)).toThrow(invalid('more than 2000000 values, with its aliases'));
  });

  it('fifty thousand keys, without comparing each with each', () => {
    const text = Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(Object.keys(parseManifestText(text)[0] as object)).toHaveLength(50_000);
  });
});

test('files and standard input are read within a bound', async () => {
  const file = (name: string, content: string | Buffer) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  expect(await readManifest(file('a.yaml', 'a: 1'))).toEqual([{ a: 1 }]);
  expect(await readManifest('-', chunks('a: ', '1\n---\nb: 2'))).toEqual([{ a: 1 }, { b: 2 }]);
  await expect(readManifest(join(directory, 'missing'))).rejects.toThrow(unreadable);
  await expect(readManifest(directory)).rejects.toThrow(unreadable);
  const large = Buffer.alloc(maximumManifestBytes + 1, 0x20);
  await expect(readManifest(file('large', large))).rejects.toThrow('larger than 4 MiB');
  await expect(readManifest('-', chunks(large.toString()))).rejects.toThrow('larger than 4 MiB');
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  await expect(readManifest(fifo)).rejects.toThrow('not a regular file');
});
