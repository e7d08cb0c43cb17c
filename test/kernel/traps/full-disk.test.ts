import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { recordsPerSegment, segmentBytes } from '../../../core/journal/segment-layout.js';
import { startAgentProcess } from '../../lab/agent-process.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeShare } from '../support/share.js';
import { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

/** Room for three segments of the journal and the rest of the state, but not for four. */
const smallBytes = 3 * segmentBytes + (segmentBytes >> 1);
/** More requests than three segments have records for. */
const calls = 3 * recordsPerSegment + 1_000;
const complaint = 'the journal cannot grow';

describeWhen(missingForKernel(), 'a journal on a full disk', () => {
  let directory: string;
  let disk: string;
  const mount = (options: string): void => {
    const result = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'full', disk], { encoding: 'utf8' });
    if (result.status !== 0) throw new Error(result.stderr);
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'deputy-full-'));
    disk = join(directory, 'disk');
    mkdirSync(disk);
    mount(`size=${smallBytes}`);
    chmodSync(directory, 0o755);
  });
  afterAll(() => {
    // Lazily: where the test failed its agent may still be there.
    spawnSync('umount', ['-l', disk]);
    rmSync(directory, { recursive: true });
  });

  test('requests wait, the agent lives, and all are answered when there is room', {
    timeout: 120_000,
  }, async () => {
    const made = makeShare();
    // Events would fill the disk first; the journal has each request all the same.
    const policy = { version: 1, defaults: { record: 'summary', confinement: 'none' } };
    // A standby has a segment of its own ready, for which there would be no room.
    const agent = await startAgentProcess({ directory: disk, policy, arguments: ['--no-standby'] });
    chmodSync(disk, 0o755);
    const target = TrapTarget.start(made.share);
    // Where the test fails, nothing of it stays.
    onTestFinished(async () => {
      target.kill();
      await agent.stop();
    });
    const share = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.encode('own', 'own');
    await target.confine({ socketPath: agent.socketPath });
    const thread = await target.newThread(1);
    await thread.begin(`repeat ${share} $own ${O.RDONLY} ${calls} `);
    const complaints = (): number => agent.log.filter((line) => line.includes(complaint)).length;
    await expect.poll(complaints, { timeout: 60_000 }).toBe(1);
    const answered = (): number => agent.status().targets[0]?.counts.answered ?? 0;
    await expect.poll(answered, { timeout: 60_000 }).toBeGreaterThan(3 * recordsPerSegment - 500);
    // It looks again and again, and says so only once.
    const before = answered();
    for (let tries = 0; tries < 3; tries++) {
      expect(answered()).toBe(before);
      // Lines of the log are read between two statements that wait.
      await setTimeout(200);
    }
    expect(complaints()).toBe(1);
    mount(`remount,size=${16 * segmentBytes}`);
    const { ino } = statSync(join(made.share, 'own'));
    expect(await thread.tell('wait')).toEqual({ [ino]: calls });
    await target.end();
    expect(await agent.stop()).toBe(0);
    rmSync(made.directory, { recursive: true });
  });
});
