import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';

interface Shown {
  readonly keys: readonly { id: string; state: string; origin: string; retireAt?: string }[];
  readonly agent?: string;
}

describeWhen(missingForKernel(), 'deputy keys', () => {
  let directory: string;
  let state: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-keys-'));
    state = join(directory, 'state');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const keys = (...words: string[]) => runDeputy(['keys', ...words, '--state', state]);
  const shown = (...words: string[]): Shown => {
    const { status, stdout, stderr } = keys(...words, '--json');
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as Shown;
  };

  test('has its keys made by the first agent, in a folder for root alone', { timeout: 60_000 }, async () => {
    const agent = await startAgentProcess({ directory });
    expect(shown('list').keys).toMatchObject([{ state: 'current', origin: 'made' }]);
    expect(statSync(join(state, 'keys')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(state, 'keys')))
      expect(statSync(join(state, 'keys', name)).mode & 0o777).toBe(0o600);
    const before = shown('list');
    // A file that is damaged leaves the old keys in use, and says so.
    const path = join(state, 'keys/seal-keys.json');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.slice(0, -20));
    agent.kill('SIGHUP');
    await expect.poll(() => agent.log.join('\n')).toContain('DEPUTY_E_KEYS_DAMAGED');
    writeFileSync(path, whole);
    expect(await agent.stop()).toBe(0);
    expect(shown('list')).toEqual(before);
    // A start with it is refused: fresh keys would make every handle stale.
    writeFileSync(path, whole.slice(0, -20));
    await expect(startAgentProcess({ directory })).rejects.toThrow('DEPUTY_E_KEYS_DAMAGED');
    expect(keys('list').status).toBe(1);
  });

  test('rotates, with and without an end, and retires', { timeout: 90_000 }, () => {
    const one = shown('rotate');
    expect(one).toMatchObject({ agent: 'not-running', keys: [{ state: 'verifies' }, { state: 'current' }] });
    const until = shown('rotate', '--until', '2100-01-31T12:00Z').keys;
    expect(until[1]).toMatchObject({ state: 'verifies', retireAt: '2100-01-31T12:00:00.000Z' });
    const retired = shown('rotate', '--retire', until[0]?.id ?? '').keys;
    expect(retired.map((key) => key.state)).toEqual(['retired', 'verifies', 'current']);
    const replaced = shown('rotate', '--retire', retired[2]?.id ?? '').keys;
    expect(replaced.map((key) => key.state)).toEqual(['retired', 'verifies', 'retired', 'current']);
    expect(keys('list').stdout).toMatch(/^KEY .*\n([0-9a-f]{8} .*\n){4}$/);
  });

  test('exports and imports', { timeout: 90_000 }, () => {
    const first = shown('rotate').keys;
    const file = join(directory, 'keys.json');
    const exported = keys('export', '--file', file);
    expect(exported).toMatchObject({
      status: 0,
      stderr: 'this is a secret: carry it over a safe way, and remove it then\n',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keys('export').stdout).toBe(readFileSync(file, 'utf8'));
    const secret = /"secret": "([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    expect(keys('list').stdout + keys('list', '--json').stdout).not.toContain(secret);
    state = join(directory, 'other/state');
    const imported = shown('import', file).keys;
    expect(imported.map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    expect(shown('import', file).keys).toEqual(imported);
    expect(shown('rotate').keys).toHaveLength(3);
    expect(shown('import', file, '--current').keys[1]?.state).toBe('current');
  });

  test('says what is wrong, with the exit code for it', { timeout: 90_000 }, () => {
    expect(keys('list')).toMatchObject({ status: 1, stderr: expect.stringContaining('DIRECTORY_MISSING') });
    shown('rotate');
    const usage: readonly string[][] = [
      ['rotate', '--overlap-ms', '5', '--until', '2100-01-01'],
      ['rotate', '--overlap-ms', '-5'],
      ['rotate', '--until', 'tomorrow'],
      ['rotate', '--retire', '12'],
      ['rotate', '--retire', '00000001'],
      ['export', '--id', '00000001'],
      ['import', join(directory, 'missing')],
      ['import', join(state, 'keys/seal-keys.json')],
      ['import'],
    ];
    for (const words of usage) expect(keys(...words).status, words.join(' ')).toBe(2);
    const file = join(directory, 'keys.json');
    keys('export', '--file', file);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"origin": "made"', '"origin": "imported"'));
    const changed = keys('import', file);
    expect(changed).toMatchObject({ status: 2, stderr: expect.stringContaining('checksum') });
  });
});
