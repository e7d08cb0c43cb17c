import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { headerOffset, segmentBytes } from '../../../core/journal/segment-layout.js';
import { runDeputy, startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeShare } from '../support/share.js';
import { unsealed } from '../support/unsealed.js';
import {
  failingStart,
  leaveJournal,
  logged,
  makeDirectory,
  makeDisk,
  runBeside,
  serve,
} from './support/stores.js';

const name = (segment: number): string => `${String(segment).padStart(12, '0')}.segment`;

/** Overwrites bytes of a file with others. */
function overwrite(path: string, at: number, change: (bytes: Buffer) => void, length = 1): void {
  const file = openSync(path, 'r+');
  const bytes = Buffer.alloc(length);
  readSync(file, bytes, 0, length, at);
  change(bytes);
  writeSync(file, bytes, 0, length, at);
  closeSync(file);
}

function invert(bytes: Buffer): void {
  for (const [index, byte] of bytes.entries()) bytes[index] = byte ^ 0xff;
}

describeWhen(missingForKernel(), 'a journal that is not as it was left', () => {
  const undo: (() => unknown)[] = [];
  let source: { directory: string; remove: () => void };

  beforeAll(async () => {
    source = makeDirectory();
    await leaveJournal(source.directory, { calls: 9_000 });
    await leaveJournal(source.directory, { calls: 200, kill: true });
  }, 60_000);
  afterAll(() => source.remove());
  afterEach(async () => {
    for (const one of undo.splice(0).reverse()) await one();
  });

  /** A copy of what the two agents left. */
  function copy() {
    const { directory, remove } = makeDirectory();
    undo.push(remove);
    cpSync(source.directory, directory, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const state = join(directory, 'state');
    const deputy = (...words: string[]) => runDeputy([...words, '--state', state]);
    return { directory, state, journal: join(state, 'journal'), deputy };
  }

  /** An agent serves a new target as ever: what it logged until then. */
  async function serves(directory: string, lines: readonly string[] = []): Promise<readonly string[]> {
    const share = makeShare();
    undo.push(() => rmSync(share.directory, { recursive: true }));
    const agent = await startAgentProcess({
      directory,
      policy: { version: 1, defaults: { opath: 'fast', confinement: 'none' } },
    });
    undo.push(() => agent.stop());
    for (const line of lines) await logged(agent, line);
    const { target, open } = await serve(agent, share.share);
    const inode = statSync(join(share.share, 'own')).ino;
    expect(await open(100)).toEqual({ [inode]: 100 });
    await target.end();
    await agent.stop();
    return agent.log;
  }

  test('undamaged, and after SIGKILL, it is well', () => {
    const { deputy } = copy();
    const { status, stdout } = deputy('journal', 'verify', '--json');
    const { isWell, checked } = JSON.parse(stdout) as { isWell: boolean; checked: Record<string, number> };
    expect([status, isWell]).toEqual([0, true]);
    // The last may have been answered and not yet finished when SIGKILL came.
    expect((checked['requests'] ?? 0) + (checked['open'] ?? 0)).toBeGreaterThanOrEqual(9_200);
    expect(checked['replayed']).toBe(checked['requests']);
    expect(deputy('journal', 'repair').stdout).toContain('nothing to repair');
  });

  test('flipped bytes in a sealed segment: said, served all the same, and repaired', async () => {
    const { directory, journal, deputy } = copy();
    overwrite(join(journal, name(1)), 1_000_000, invert);
    await serves(directory, ['DEPUTY_E_JOURNAL_CORRUPT']);
    const verified = deputy('journal', 'verify');
    expect(verified.status).toBe(1);
    expect(verified.stdout).toMatch(/^DEPUTY_E_JOURNAL_CORRUPT {2}\S+000000000001\.segment:\d+ {2}/);
    const before = readFileSync(join(journal, name(1)));
    const planned = deputy('journal', 'repair', '--dry-run');
    expect(planned.stdout).toContain('this would be done');
    expect(readFileSync(join(journal, name(1))).equals(before)).toBe(true);
    expect(deputy('journal', 'repair').status).toBe(0);
    expect(deputy('journal', 'verify').stdout).toContain(': well');
    expect(readFileSync(join(journal, 'damaged', name(1))).equals(before)).toBe(true);
    const log = await serves(directory);
    expect(log.filter((line) => line.includes('DEPUTY_E_'))).toEqual([]);
  });

  test('garbage for a header, a truncated file and one that is missing', async () => {
    const { directory, journal, deputy } = copy();
    overwrite(join(journal, name(1)), 0, (bytes) => bytes.fill(0xa5), 4096);
    truncateSync(join(journal, name(2)), segmentBytes / 2);
    rmSync(join(journal, name(3)));
    const said = [`${name(1)} is corrupt`, `${name(2)} is corrupt`];
    await serves(directory, said);
    expect(deputy('journal', 'verify').status).toBe(1);
    expect(deputy('journal', 'repair').status).toBe(0);
    expect(deputy('journal', 'verify').status).toBe(0);
    await serves(directory);
    expect(deputy('journal', 'verify').status).toBe(0);
  });

  test('a newer version keeps everybody out, and nothing is changed', () => {
    const { state, journal, deputy } = copy();
    overwrite(join(journal, name(2)), headerOffset.formatVersion, (bytes) => bytes.fill(9));
    // What a supervisor that is gone had made ready is no part of the journal, and may be cleared away.
    const contents = (): string[] => readdirSync(journal).filter((one) => !one.endsWith('.spare'));
    const files = contents();
    const started = failingStart(state);
    expect([started.status, started.stdout]).toEqual([1, '']);
    expect(started.stderr).toContain('DEPUTY_E_JOURNAL_FORMAT_NEWER');
    for (const command of ['inspect', 'verify', 'repair']) {
      const { status, stderr } = deputy('journal', command);
      expect(status, command).toBe(1);
      expect(stderr, command).toContain('DEPUTY_E_JOURNAL_FORMAT_NEWER');
    }
    expect(contents()).toEqual(files);
  });

  test('inspect and verify work while an agent writes; repair does not', { timeout: 60_000 }, async () => {
    const { directory, deputy } = copy();
    const share = makeShare();
    undo.push(() => rmSync(share.directory, { recursive: true }));
    const agent = await startAgentProcess({ directory, policy: unsealed });
    undo.push(() => agent.stop());
    const { target, open } = await serve(agent, share.share);
    undo.push(() => target.end());
    let calls = 0;
    let isOver = false;
    const traffic = (async () => {
      for (; !isOver; calls += 500) await open(500);
    })();
    for (let times = 0; times < 3; times++) {
      // The commands run beside this process, which therefore must not wait for them.
      const { status, stdout } = await runBeside([
        'journal',
        'verify',
        '--json',
        '--state',
        agent.stateDirectory,
      ]);
      expect(stdout).toContain('"isWell": true');
      expect(status).toBe(0);
    }
    isOver = true;
    await traffic;
    expect(calls).toBeGreaterThan(500);
    const shown = deputy(
      'journal',
      'inspect',
      '--records',
      '--json',
      '--follow-id',
      `${target.pid}`,
      '--limit',
      '5',
    );
    const lines = shown.stdout.trim().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ state: 'answered', threadId: target.pid, kind: 'request' });
    }
    const repaired = deputy('journal', 'repair');
    expect(repaired.status).toBe(1);
    expect(repaired.stderr).toContain('DEPUTY_E_STATE_DIRECTORY_LOCKED');
  });

  test('a state directory that cannot be written, or is not there', () => {
    const { directory, remove } = makeDirectory();
    undo.push(remove);
    writeFileSync(join(directory, 'file'), '');
    const below = failingStart(join(directory, 'file/state'));
    expect([below.status, below.stdout]).toEqual([1, '']);
    expect(below.stderr).toContain('DEPUTY_E_STATE_DIRECTORY_UNWRITABLE');
    const disk = makeDisk(32);
    undo.push(() => disk.remove());
    mkdirSync(join(disk.directory, 'state'));
    disk.remount('ro');
    for (const state of ['state', 'other']) {
      const { status, stderr } = failingStart(join(disk.directory, state));
      expect(stderr).toContain('DEPUTY_E_STATE_DIRECTORY_UNWRITABLE');
      expect(status).toBe(1);
    }
    for (const command of ['inspect', 'verify', 'repair']) {
      const { status, stderr } = runDeputy(['journal', command, '--state', join(directory, 'nowhere')]);
      expect(stderr).toContain('DEPUTY_E_STATE_DIRECTORY_MISSING');
      expect(status).toBe(1);
    }
    expect(runDeputy(['journal', 'inspect', '--limit', 'many']).status).toBe(2);
    expect(runDeputy(['journal']).status).toBe(2);
  });
});
