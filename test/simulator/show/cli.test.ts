import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkoutDirectory } from '../../lab/paths.js';
import { syntheticLines } from '../../support/synthetic-trace.js';

const cli = join(checkoutDirectory(), 'dist/simulator/cli.js');
let directory = '';
let trace = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-show-'));
  trace = write('broken.jsonl', syntheticLines({ entries: 400, broken: true }));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, lines: readonly string[]): string {
  const path = join(directory, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function run(...words: string[]) {
  return runWith('', ...words);
}

function runWith(input: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], {
    encoding: 'utf8',
    input,
  });
  return { status, stdout, stderr };
}

describe('deputy-sim show', () => {
  test('shows a trace of a broken run with exit code 0: it was shown', () => {
    const { status, stdout, stderr } = run('show', trace, '--width', '100', '--limit', '20');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^scenario {2}supervisor-restart/);
    expect(stdout).toMatch(/^▶/m);
    expect(stdout).not.toContain('\u001b');
  });

  test('a real run with more than 10,000 entries: drawn whole in one file, and around one entry here', () => {
    const path = join(directory, 'long.jsonl');
    const html = join(directory, 'long.html');
    const scenario = write('long.yaml', [
      'name: long',
      'sentence: Many calls.',
      'targets: [{ name: vm, threads: [{ calls: [{ open: own, times: 400, everyUs: 1000 }] }] }]',
    ]);
    expect(run('run', scenario, '--seed', '1', '--trace', path).status).toBe(0);
    const entries = readFileSync(path, 'utf8').trimEnd().split('\n').length - 2;
    expect(entries).toBeGreaterThan(10_000);
    expect(run('show', path, '--html', html)).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(html, 'utf8').length).toBeLessThan(3_000_000);
    const { status, stdout } = run('show', path, '--around', '9000', '--limit', '9', '--json');
    expect(status).toBe(0);
    const shown = JSON.parse(stdout) as { entries: { sequence: number }[] };
    expect(shown.entries.map(({ sequence }) => sequence)).toContain(9_000);
  });

  test('reads stdin', () => {
    const { status, stdout } = runWith(readFileSync(trace, 'utf8'), 'show', '-', '--type', 'fault');
    expect(status).toBe(0);
    expect(stdout).toContain('crash');
  });

  test('prints JSON that parses to what the trace has', () => {
    const hostile = write('hostile.jsonl', syntheticLines({ entries: 200, hostile: true }));
    const { status, stdout } = run('show', hostile, '--json', '--request', 'r3');
    expect(status).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e]/);
    const shown = JSON.parse(stdout) as { entries: { request: string; detail: { path?: string } }[] };
    expect(new Set(shown.entries.map(({ request }) => request))).toEqual(new Set(['r3']));
    const first = JSON.parse(
      readFileSync(hostile, 'utf8')
        .split('\n')
        .find((line) => line.includes('"request":"r3"')) ?? '',
    ) as { detail: { path: string } };
    expect(shown.entries[0]?.detail.path).toBe(first.detail.path);
  });

  test('writes one HTML file and leaves nothing else', () => {
    const path = join(directory, 'picture.html');
    const { status, stdout, stderr } = run('show', trace, '--html', path);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>/);
    expect(readdirSync(directory).filter((name) => name.includes('unfinished'))).toEqual([]);
    expect(run('show', trace, '--html', join(directory, 'missing/picture.html')).status).toBe(2);
  });

  test('says what is wrong with its input, with exit code 2', () => {
    const lines = readFileSync(trace, 'utf8').trimEnd().split('\n');
    const changed = write(
      'changed.jsonl',
      lines.with(7, (lines[7] ?? '').replace('"timeUs":', '"timeUs":1')),
    );
    const codes = [
      run('show', join(directory, 'missing')),
      run('show', directory),
      run('show', write('cut.jsonl', lines.slice(0, 9))),
      run('show', changed),
      run('show', write('foreign', ['hello'])),
      run('show', trace, '--actor', 'kernle'),
      run('show', trace, '--request', 'r9999'),
      run('show', trace, '--around', '99999'),
      run('show', trace, '--type', 'steps'),
      run('show', trace, '--width', '-3'),
      run('show'),
    ].map(({ status, stdout, stderr }) => `${status} ${stdout}${/DEPUTY_E_\w+|error/.exec(stderr)?.[0]}`);
    expect(codes).toEqual([
      '2 DEPUTY_E_TRACE_UNREADABLE',
      '2 DEPUTY_E_TRACE_UNREADABLE',
      '2 DEPUTY_E_TRACE_TRUNCATED',
      '2 DEPUTY_E_TRACE_CHAIN_BROKEN',
      '2 DEPUTY_E_TRACE_FOREIGN',
      '2 DEPUTY_E_USAGE',
      '2 DEPUTY_E_USAGE',
      '2 DEPUTY_E_USAGE',
      '2 error',
      '2 error',
      '2 error',
    ]);
    expect(run('show', changed).stderr).toContain('line 8 of the trace');
  });

  test('documents its exit codes', () => {
    for (const words of [['--help'], ['show', '--help'], ['diff', '--help']]) {
      const { status, stdout } = run(...words);
      expect(status).toBe(0);
      for (const code of ['  0  ', '  1  ', '  2  ', '  3  ', '  4  ']) expect(stdout).toContain(code);
    }
  });

  test('never loads native code, however it is called', () => {
    const script = `
      process.argv = [process.argv[0], 'deputy-sim', 'show', ${JSON.stringify(trace)}, '--limit', '1'];
      await import(${JSON.stringify(cli)});
      const { createRequire } = await import('node:module');
      const cached = Object.keys(createRequire(import.meta.url).cache);
      const shared = process.report.getReport().sharedObjects;
      process.stderr.write(JSON.stringify([...cached, ...shared].filter((name) => name.includes('koffi'))));
    `;
    const path = join(directory, 'native.mjs');
    writeFileSync(path, script);
    const { status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '[]' });
  });
});

describe('deputy-sim diff', () => {
  test('gives 0 for the same, 3 for one run that went two ways, 1 for two runs', () => {
    const same = run('diff', trace, trace);
    expect(same.status).toBe(0);
    expect(same.stdout).toContain('the traces are the same');
    const longer = write('longer.jsonl', syntheticLines({ entries: 500, broken: true }));
    const parted = run('diff', trace, longer, '--width', '100');
    expect(parted.status).toBe(3);
    expect(parted.stdout).toMatch(/part at entry \d+/);
    const other = write('other.jsonl', syntheticLines({ entries: 400, seed: 5 }));
    expect(run('diff', trace, other).status).toBe(1);
    const json = JSON.parse(run('diff', trace, other, '--json').stdout) as { same: boolean; parting: object };
    expect(json).toMatchObject({ same: false, sameRun: false, parting: { sequence: 0 } });
  });
});
