import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTrace } from '../../../simulator/index.js';
import { TraceWriter } from '../../../simulator/trace/writer.js';
import { fact, runCli, wordsOf } from './run-cli.js';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'deputy-sim-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = (...words: string[]) => runCli(words, directory);

describe('deputy-sim run', () => {
  test('says first what was run and last how to do it again, which gives the same', () => {
    const { status, stdout, stderr } = run('run', 'calls-in-flight', '--random-faults');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^build {7}deputy .*\nscenario .*\nseed {8}\d+\nsetup /);
    const lines = stdout.trimEnd().split('\n');
    const again = fact(stdout, 'again');
    expect(lines.at(-1)).toContain(again);
    expect(run(...wordsOf(again)).stdout).toBe(stdout);
    expect(existsSync(join(directory, 'deputy-sim-traces'))).toBe(false);
  });

  test('a broken invariant: exit code 1, and a trace that can be shown, replayed and shrunk', () => {
    const broken = run('run', 'talk-restart-classic', '--seed', '3');
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain('broken, as this scenario expects');
    const trace = fact(broken.stdout, 'trace');
    expect(run('show', trace, '--limit', '5').status).toBe(0);
    // The run that a trace is of is broken, and the same again.
    const replayed = run('replay', trace);
    expect(replayed.stdout).toContain('the traces are the same');
    expect(replayed.status).toBe(1);
    const shrunk = run('shrink', trace, '--output', 'small.yaml');
    expect(shrunk.status).toBe(0);
    expect(readFileSync(join(directory, 'small.yaml'), 'utf8')).toContain('keeper: false');
    expect(run(...wordsOf(fact(shrunk.stdout, 'again'))).status).toBe(1);
  });

  test('--json, --setup, --fault and --trace', () => {
    const fault = '{kind: crash, when: {step: open, occurrence: 3}}';
    const words = ['run', 'talk-restart-classic', '--seed', '18446744073709551615', '--fault', fault];
    const setup = ['--setup', 'keeper=on,journal=on', '--setup', 'standby=on,serviceManager=on,injector=on'];
    const { status, stdout } = run(...words, ...setup, '--json', '--trace', 'held.jsonl');
    expect(status).toBe(0);
    const told = JSON.parse(stdout) as { reproduce: string; faults: unknown[]; setup: object };
    expect(told).toMatchObject({ outcome: 'held', seed: '18446744073709551615', trace: 'held.jsonl' });
    expect(told.setup).toMatchObject({ keeper: true, standby: true, journal: true });
    expect(told.faults).toHaveLength(2);
    const trace = readTrace(readFileSync(join(directory, 'held.jsonl'), 'utf8'));
    expect(trace.header.options['reproduce']).toBe(told.reproduce);
    expect(run('replay', 'held.jsonl').status).toBe(0);
  });

  test('a limit that ends a run: exit code 4', () => {
    writeFileSync(
      join(directory, 'short.yaml'),
      'name: short\nsentence: Few points.\nlimits: { points: 20 }\ntargets: [{ name: vm, threads: [{ calls: [{ open: own }] }] }]\n',
    );
    const { status, stdout } = run('run', 'short.yaml', '--seed', '1');
    expect(stdout).toMatch(/result {6}(inconclusive|broken)/);
    expect(status).toBe(stdout.includes('inconclusive') ? 4 : 1);
  });

  test('a trace that this build would not write: exit code 3, and where they part', () => {
    run('run', 'hung-supervisor', '--seed', '5', '--trace', 'true.jsonl');
    const { header, entries, end } = readTrace(readFileSync(join(directory, 'true.jsonl'), 'utf8'));
    const lines: string[] = [];
    const { kind: _, format: _f, version: _v, hash: _h, ...draft } = header;
    const writer = new TraceWriter(draft, (line) => lines.push(line));
    for (const entry of entries) writer.entry(entry.sequence === 40 ? { ...entry, name: 'other' } : entry);
    const { kind: _k, hash: _e, ...endDraft } = end;
    writer.end(endDraft);
    writeFileSync(join(directory, 'other.jsonl'), `${lines.join('\n')}\n`);
    const { status, stdout } = run('replay', 'other.jsonl');
    expect(status).toBe(3);
    expect(stdout).toContain('part at entry 40');
  });

  test('says what is wrong with what it is given, with exit code 2', () => {
    writeFileSync(join(directory, 'wrong.yaml'), 'name: wrong\nsentence: x\ntargets: []\nfalts: []\n');
    const wrong = [
      ['run', 'nobody'],
      ['run', 'wrong.yaml'],
      ['run', 'upgrade', '--seed', '-1'],
      ['run', 'upgrade', '--seed', '18446744073709551616'],
      ['run', 'upgrade', '--fault', '{kind: crash}'],
      ['run', 'upgrade', '--fault', '{kind: target-death, target: nobody, when: {atUs: 1}}'],
      ['run', 'upgrade', '--setup', 'kepper=off'],
      ['run', 'upgrade', '--setup', 'keeper=perhaps'],
      ['shrink', 'upgrade'],
      ['shrink', 'supervisor-restart', '--seed', '1'],
      ['search', '--budget', 'soon'],
      ['enumerate'],
      ['replay', 'wrong.yaml'],
    ].map((words) => {
      const { status, stderr } = run(...words);
      return `${status} ${/DEPUTY_E_\w+|error/.exec(stderr)?.[0]}`;
    });
    expect(wrong).toEqual([
      '2 DEPUTY_E_SCENARIO_UNREADABLE',
      '2 DEPUTY_E_SCENARIO_INVALID',
      '2 error',
      '2 error',
      '2 DEPUTY_E_SCENARIO_INVALID',
      '2 DEPUTY_E_SCENARIO_INVALID',
      '2 error',
      '2 error',
      '2 DEPUTY_E_USAGE',
      '2 DEPUTY_E_USAGE',
      '2 error',
      '2 error',
      '2 DEPUTY_E_TRACE_FOREIGN',
    ]);
  });
});
