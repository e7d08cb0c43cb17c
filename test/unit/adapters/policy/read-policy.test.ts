import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parsePolicyText, readPolicy } from '../../../../adapters/policy/index.js';

const directory = mkdtempSync(join(tmpdir(), 'deputy-policy-'));
afterAll(() => rmSync(directory, { recursive: true }));

const unreadable = expect.objectContaining({ code: 'DEPUTY_E_POLICY_UNREADABLE' });
const file = (name: string, text: string | Buffer) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

describe('readPolicy', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = file('a.yaml', "version: 1\ntargets:\n  - match: { container: 'vm-*' }\n    opath: exact\n");
    const json = file('a.json', '{"version":1,"targets":[{"match":{"container":"vm-*"},"opath":"exact"}]}');
    expect(readPolicy(yaml)).toEqual(readPolicy(json));
  });

  it('names the path and the problem', () => {
    const path = file('bad.yaml', 'version: 1\ndefaults:\n  opath: quick\n');
    expect(() => readPolicy(path)).toThrow(
      `the policy ${path} is not valid:\n  defaults.opath: expected 'fast' or 'exact', got 'quick'`,
    );
  });

  it('refuses what is missing, too large, or no regular file', () => {
    expect(() => readPolicy(join(directory, 'missing'))).toThrow(unreadable);
    expect(() => readPolicy(directory)).toThrow(unreadable);
    expect(() => readPolicy(file('large', Buffer.alloc(1024 * 1024 + 1, 0x20)))).toThrow('larger than 1 MiB');
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(() => readPolicy(fifo)).toThrow('not a regular file');
  });
});

describe('parsePolicyText', () => {
  it('says line and column of a syntax error', () => {
    expect(() => parsePolicyText('version: 1\ndefaults: [\n')).toThrow(/line \d+, column \d+: /);
    expect(() => parsePolicyText('version: 1\nversion: 1\n')).toThrow(/line 2, column 1: .*unique/);
  });

  it('refuses aliases that multiply', () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
    );
    expect(() => parsePolicyText(levels.join('\n'))).toThrow(
      expect.objectContaining({ code: 'DEPUTY_E_POLICY_INVALID' }),
    );
  });

  it('takes an empty file for what it is', () => {
    expect(() => parsePolicyText('')).toThrow('policy: expected a mapping, got null');
  });
});

it('refuses nesting that would end the process, and a second document', () => {
  const invalid = expect.objectContaining({ code: 'DEPUTY_E_POLICY_INVALID' });
  expect(() => parsePolicyText('['.repeat(100_000))).toThrow(invalid);
  expect(() => parsePolicyText('['.repeat(100_000))).toThrow('nested more than 100 deep');
  expect(() => parsePolicyText('version: 1\n---\nversion: 1\n')).toThrow('more than one document');
});
