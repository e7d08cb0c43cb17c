import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capability, neededCapabilities } from '../../adapters/linux/credentials.js';
import { checkoutDirectory } from '../lab/paths.js';

const root = checkoutDirectory();
const text = readFileSync(join(root, 'docs/security.md'), 'utf8');
const rows = text.split('\n').filter((line) => /^\|.*`test\//.test(line));

test('each attack of docs/security.md names a test that is there', () => {
  expect(rows.length).toBeGreaterThan(30);
  for (const row of rows) {
    const [path = ''] = /test\/[^`]+/.exec(row) ?? [];
    expect(existsSync(join(root, path)), path).toBe(true);
    expect(readFileSync(join(root, path), 'utf8'), path).toMatch(/\b(?:test|it)(?:\.each)?\(/);
  }
});

test('each row of the traps is in it', () => {
  const named = rows.map((row) => /test\/kernel\/traps\/[^`]+/.exec(row)?.[0]).filter(Boolean);
  expect(named.length).toBeGreaterThan(15);
});

test('it says of each process which capabilities it has', () => {
  for (const [role, numbers] of Object.entries(neededCapabilities)) {
    const row = text.split('\n').find((line) => line.startsWith(`| ${role} |`)) ?? '';
    for (const number of numbers) {
      const name = Object.entries(capability).find(([, one]) => one === number)?.[0] ?? '';
      expect(row, role).toContain(name);
    }
  }
});

test('README and the index of the docs lead to it', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('(docs/security.md)');
});
