import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, runCli, wordsOf } from './run-cli.js';

/** Two calls, and nobody reads the journal: a crash in the middle loses one. */
const careless = `
name: careless
sentence: Nobody wrote the calls down.
setup: { journal: false, injector: false }
limits: { virtualUs: 3000000 }
targets:
  - name: vm
    threads: [{ calls: [{ open: own }, { open: secret }] }]
`;
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-sim-'));
  writeFileSync(join(directory, 'careless.yaml'), careless);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (...words: string[]) => runCli(words, directory);

interface Many {
  readonly runs: number;
  readonly broken: number;
  readonly steps: number;
  readonly points: number;
  readonly capped: boolean;
  readonly stepsPerCpuSecond: number;
  readonly coverage: { readonly steps: Record<string, number>; readonly faults: Record<string, number> };
  readonly found: readonly {
    readonly failure: { readonly invariants: readonly string[] };
    readonly trace: string;
    readonly reproduce: string;
    readonly shrunk: { readonly scenario: string; readonly reproduce: string };
  }[];
  readonly reproduce: string;
}

describe('deputy-sim search', () => {
  test('is the same whoever runs the seeds, and says how fast it was', () => {
    const words = [
      'search',
      'supervisor-restart',
      'every-answer',
      '--from-seed',
      '7',
      '--runs',
      '40',
      '--json',
    ];
    const [one, two] = ['1', '2'].map((jobs) => JSON.parse(run(...words, '--jobs', jobs).stdout) as Many);
    const counts = ({ runs, broken, steps, points, coverage }: Many) => ({
      runs,
      broken,
      steps,
      points,
      coverage,
    });
    expect(counts(two as Many)).toEqual(counts(one as Many));
    expect(one).toMatchObject({ runs: 40, broken: 0 });
    expect(one?.stepsPerCpuSecond).toBeGreaterThan(0);
    expect(Object.keys(one?.coverage.faults ?? {}).length).toBeGreaterThan(3);
  });

  test('saves, shrinks and tells again what it found', () => {
    const { status, stdout } = run('search', 'careless.yaml', '--from-seed', '1', '--runs', '60', '--json');
    expect(status).toBe(1);
    const { found } = JSON.parse(stdout) as Many;
    const lost = found.find(({ failure }) => failure.invariants.includes('calls-return'));
    expect(lost).toBeDefined();
    expect(existsSync(join(directory, lost?.trace ?? ''))).toBe(true);
    for (const line of [lost?.reproduce, lost?.shrunk.reproduce]) {
      const again = run(...wordsOf(line ?? ''));
      expect(again.status).toBe(1);
      expect(again.stdout).toContain('calls-return');
    }
  });

  test('SIGINT ends it with a summary, and no worker stays', async () => {
    const child = spawn(process.execPath, [cli, 'search', '--budget', '10m', '--jobs', '2', '--progress'], {
      cwd: directory,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (piece) => {
      stdout += piece;
    });
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (piece) => {
        stderr += piece;
        if (/\d+ runs/.test(stderr)) resolve();
      });
    });
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    expect(stdout).toMatch(/^runs {8}\d+/m);
    expect(stdout).toMatch(/again {7}deputy-sim search --from-seed \d+ --runs \d+\n$/);
    expect([1, 4]).toContain(code);
  });
});

describe('deputy-sim enumerate', () => {
  test('runs a crash before, inside and after each point, and finds what is lost', () => {
    const { status, stdout } = run('enumerate', 'careless.yaml', '--json', '--shrink-runs', '20');
    expect(status).toBe(1);
    const told = JSON.parse(stdout) as Many & { scenarios: { points: number; possible: number }[] };
    const [scenario] = told.scenarios;
    expect(told.runs).toBe((scenario?.points ?? 0) * 3);
    expect(told).toMatchObject({ capped: false });
    expect(told.coverage.steps['open']).toBeGreaterThan(told.runs / 2);
  });

  test('pairs of crashes, and a cap: exit code 4', () => {
    const words = ['enumerate', 'hung-supervisor', '--pairs', '--requests', '1', '--cap', '60', '--json'];
    const { status, stdout } = run(...words);
    expect(JSON.parse(stdout)).toMatchObject({ runs: 60, broken: 0, capped: true });
    expect(status).toBe(4);
  });
});

describe('deputy-sim compare, verify, list', () => {
  test('the table that the talk draws', () => {
    const { status, stdout } = run('compare', '--runs', '2');
    expect(status).toBe(0);
    expect(stdout).toMatch(/listener +✗ lost +kept +kept +kept +kept/);
    expect(stdout).toMatch(/calls that got ENOSYS +✗ \d+ of \d+ +none +none +none +none/);
    expect(stdout).toMatch(/pods are let in up to level .*✗ privileged/);
    expect(stdout).toMatch(/calls that never return +none +✗ \d+ of \d+ +none +none +none/);
    const narrow = run('compare', 'talk-restart-classic', '--runs', '1', '--width', '70').stdout;
    const [, ...table] = narrow.split('\n\n');
    expect(
      Math.max(
        ...table
          .join('\n')
          .split('\n')
          .filter((line) => !line.startsWith('again'))
          .map(({ length }) => length),
      ),
    ).toBeLessThanOrEqual(70);
    expect(run('compare', '--runs', '1', '--markdown').stdout).toContain('| listener | **lost** | kept |');
    const { comparisons } = JSON.parse(run('compare', '--runs', '1', '--json').stdout) as {
      comparisons: { columns: { id: string; enosys: number }[] }[];
    };
    expect(comparisons[0]?.columns.map(({ id, enosys }) => `${id} ${enosys > 0}`)).toEqual([
      'classic true',
      'held false',
      'keeper false',
      'standby false',
      'service-manager false',
      'sidecar-notifier false',
      'sidecar-caps false',
      'file-handle false',
      'dispatcher false',
    ]);
  });

  test('two processes that have nothing in common do the same', () => {
    const { status, stdout } = run('verify', 'crash-storm', 'every-answer', '--runs', '2', '--json');
    expect(status).toBe(0);
    const { scenarios } = JSON.parse(stdout) as { scenarios: { same: boolean; hashes: string[][] }[] };
    for (const { same, hashes } of scenarios) {
      expect(same).toBe(true);
      expect(hashes[0]).toEqual(hashes[1]);
      expect(new Set(hashes[0]).size).toBe(2);
    }
  });

  test('a sentence for everything', () => {
    const catalog = JSON.parse(run('list', '--json').stdout) as Record<string, { sentence: string }[]>;
    expect(Object.keys(catalog)).toEqual(['scenarios', 'faults', 'invariants', 'strategies', 'setups']);
    for (const items of Object.values(catalog))
      for (const { sentence } of items) expect(sentence).toMatch(/\.$/);
    expect(
      run('list', '--width', '60')
        .stdout.split('\n')
        .every(({ length }) => length <= 60),
    ).toBe(true);
  });
});
