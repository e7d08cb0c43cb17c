import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordAreaOffset } from '../../core/journal/segment-layout.js';
import { offset, recordBytes } from '../../core/request/record-layout.js';
import { readStateDirectory } from '../../simulator/cli/history/read-state-directory.js';
import { parseInjection, readTrace, replayHistory } from '../../simulator/index.js';
import { recordHistory } from '../kernel/support/record-history.js';
import { checkoutDirectory } from '../lab/paths.js';
import { isLong } from '../support/describe-when.js';
import { keepState, removeState, unpackState } from './kept-state.js';

const file = 'history-1.txt';
const cli = join(checkoutDirectory(), 'dist/simulator/cli.js');
const isRecording = process.env['DEPUTY_RECORD'] === '1';
/** Supervisors die at these steps, and twice at any moment. */
const deaths = [
  'add-descriptor:after',
  '',
  'answer-number:before',
  'inject-descriptor:after',
  'open-probe:after',
  '',
];

function run(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe.skipIf(isRecording)('a history that was recorded', () => {
  let state = '';
  beforeAll(() => {
    state = unpackState(file);
  });
  afterAll(() => removeState(state));

  test('ends as it was recorded: every call, every event, no result assumed', () => {
    const history = readStateDirectory(state);
    expect(history.epochs.length).toBe(deaths.length + 1);
    const replay = replayHistory(history, {});
    expect(replay).toMatchObject({ differences: [], strays: [], assumed: 0, isPolicyAssumed: false });
    const [counts] = replay.delegations;
    expect(counts?.replayed).toEqual(counts?.recorded);
    const ended = history.events.find(({ type }) => type === 'delegation.released');
    expect(ended?.data).toMatchObject({ counts: counts?.replayed });
  });

  test.each([
    ['answer-number', 'answered-by-id', "was in the target's table already"],
    ['add-descriptor:inside', 'answered-by-id', "was in the target's table already"],
    ['add-descriptor', 'redone', 'it was done again from its arguments'],
    ['read-handle', 'redone', 'it was done again from its arguments'],
  ])('a death at %s: %s', (step, recovery, told) => {
    const history = readStateDirectory(state);
    const event = history.events.find((one) => (one.data as { way?: string }).way === 'addfd');
    const injection = parseInjection(`supervisor-restart@${event?.id}:${step}`);
    const { differences, explanation, strays, assumed } = replayHistory(history, { injection });
    expect(strays).toEqual([]);
    expect(assumed).toBeGreaterThan(0);
    expect(differences).toContainEqual(
      expect.objectContaining({ field: 'recovery', recorded: 'none', replayed: recovery }),
    );
    expect(explanation.join('\n')).toContain(told);
    expect(explanation.join('\n')).toContain('supervisor-1 is killed');
  });

  test('whoever is killed before whichever answer, no call is lost and none has another result', () => {
    const history = readStateDirectory(state);
    const requests = history.events.filter(({ type }) => type.startsWith('request.'));
    for (const { id } of requests.filter((_, index) => index % (isLong ? 3 : 50) === 0)) {
      const injection = parseInjection(`supervisor-restart@${id}`);
      const { differences, strays, delegations } = replayHistory(history, { injection });
      expect(strays).toEqual([]);
      expect(differences.filter(({ field }) => field !== 'recovery')).toEqual([]);
      expect(delegations[0]?.replayed).toEqual(delegations[0]?.recorded);
    }
  });

  test('a signal, a death and an errno each end a call otherwise', () => {
    const history = readStateDirectory(state);
    const event = history.events.find((one) => (one.data as { way?: string }).way === 'addfd');
    const replayed = (text: string) =>
      replayHistory(history, { injection: parseInjection(text) }).differences.map((one) => one.replayed);
    expect(replayed(`signal@${event?.id}`)).toContain('request.cancelled');
    expect(replayed(`target-death@${event?.id}`)).toContain('no end');
    expect(replayed(`errno=EMFILE@${event?.id}:open-direct`)).toContain('EMFILE');
  });

  test('the command prints it, and writes a trace in which what is assumed is marked', () => {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-replay-'));
    const trace = join(directory, 'trace.jsonl');
    const plain = run('replay', '--state', state);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toContain('the same end state as recorded');
    const inject = 'supervisor-restart@request.answered#9';
    const other = run('replay', '--state', state, '--inject', inject, '--trace', trace, '--json');
    expect(other).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(other.stdout)).toMatchObject({ isSame: false, strays: [] });
    const { entries } = readTrace(readFileSync(trace, 'utf8').trimEnd().split('\n'));
    expect(entries.filter(({ type }) => type === 'assumed').length).toBeGreaterThan(0);
    expect(run('show', trace, '--limit', '5').status).toBe(0);
    rmSync(directory, { recursive: true });
  });

  test('a record that was changed is a difference, and exit code 1', () => {
    const changed = unpackState(file);
    const [segment = ''] = readdirSync(join(changed, 'journal')).filter((name) => name.endsWith('.segment'));
    const path = join(changed, 'journal', segment);
    const bytes = readFileSync(path);
    // The second block: the first one has the words of the delegation's beginning.
    const at = recordAreaOffset + 64 * recordBytes;
    bytes.writeInt32LE(bytes.readInt32LE(at + offset.result) + 1, at + offset.result);
    writeFileSync(path, bytes);
    const { status, stdout } = run('replay', '--state', changed);
    expect(stdout).toMatch(/result +\d/);
    expect(status).toBe(1);
    removeState(changed);
  });

  test('bad input: coded errors, exit code 2', () => {
    const empty = mkdtempSync(join(tmpdir(), 'deputy-empty-'));
    expect(run('replay', '--state', empty)).toMatchObject({ status: 2 });
    expect(run('replay', '--state', empty).stderr).toContain('DEPUTY_E_HISTORY_UNREADABLE');
    for (const text of [
      'nonsense',
      'supervisor-restart@no-such-event',
      'errno@1',
      'signal@delegation.active#1',
    ]) {
      const { status, stderr } = run('replay', '--state', state, '--inject', text);
      expect(stderr).toContain('DEPUTY_E_INJECTION_INVALID');
      expect(status).toBe(2);
    }
    expect(run('replay', '--inject', 'x', 'trace').stderr).toContain('DEPUTY_E_USAGE');
    expect(run('replay').status).toBe(2);
    rmSync(empty, { recursive: true });
  });
});

// The kill test replays what it recorded in each run; this one is how the kept history is made anew.
describe.runIf(isRecording || isLong)('a history that is recorded now', () => {
  test('replays to the same end state', { timeout: 120_000 }, async () => {
    const keepAt = mkdtempSync(join(tmpdir(), 'deputy-recorded-'));
    try {
      await recordHistory({ deaths, pauseUs: 20_000, keepAt });
      if (isRecording) keepState(keepAt, file);
      const history = readStateDirectory(keepAt);
      const replay = replayHistory(history, {});
      expect(replay).toMatchObject({ differences: [], strays: [] });
      console.log(`${replay.calls} calls, ${replay.steps} steps, ${replay.assumed} assumed`);
      const injection = parseInjection('supervisor-restart@request.answered#30');
      const other = replayHistory(history, { injection });
      expect(other.differences.filter(({ field }) => field !== 'recovery')).toEqual([]);
      expect(other.explanation.length).toBeGreaterThan(2);
    } finally {
      rmSync(keepAt, { recursive: true, force: true });
    }
  });
});
