import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordsPerSegment, segmentFormatVersion } from '../../core/journal/segment-layout.js';
import { makeScene } from '../kernel/support/scene.js';
import { nr, O } from '../kernel/support/trap-thread.js';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { replayStateDirectory } from '../support/replay.js';
import { describeJournal, goldenPath, keepSegment, withJournal } from './recorded.js';

const isRecording = process.env['DEPUTY_RECORD'] === '1';
const file = (version: number): string => `journal-${version}.gz.txt`;
const versions = readdirSync(goldenPath('.'))
  .map((name) => Number(/^journal-(\d+)\.gz\.txt$/.exec(name)?.[1] ?? 0))
  .filter((version) => version > 0);

describe('journals that were recorded with earlier formats', () => {
  test('the format of today is among them', () => {
    const hint = 'the format has a new number: record it with DEPUTY_RECORD=1 npx vitest run test/golden';
    expect(versions, hint).toContain(segmentFormatVersion);
  });

  for (const version of versions) {
    test(`format ${version}: each request's path is one that the machine allows`, () => {
      const { states } = withJournal(file(version), replayStateDirectory);
      expect(Object.keys(states).sort()).toEqual(['answered', 'cancelled', 'refused']);
    });

    test(`format ${version}: what it says is what it said`, async () => {
      const seen = withJournal(file(version), (state) => describeJournal(state, recordsPerSegment));
      const hint = 'records are read differently than they were written: give the format a new number';
      await expect(`${JSON.stringify(seen, null, 2)}\n`, hint).toMatchFileSnapshot(`journal-${version}.json`);
    });
  }
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) if (await isSo()) return;
  throw new Error('it did not happen');
}

/** Makes the journal of today's format: requests of every ending, between events of a delegation's life. */
function record(): void {
  const scene = makeScene({ opath: 'fast' });
  test('a journal', async () => {
    const target = scene.target();
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    for (const name of ['own', 'link', 'secret', 'fifo']) await target.encode(name, name);
    await target.must('handler 10 1');
    await scene.confine(target, { container: 'golden' });
    await target.encode('named', 'own');
    await target.openHandle(mount, 'own', O.RDONLY);
    await target.openHandle(mount, 'own', O.RDWR | O.TRUNC);
    await target.openHandle(mount, 'own', O.PATH);
    await target.openHandle(mount, 'link', O.PATH | O.NOFOLLOW);
    await target.openHandle(mount, 'secret', O.RDONLY);
    await target.openHandle(mount, 'fifo', O.RDONLY);
    await target.openHandle(99, 'own', O.RDONLY);
    await target.call(nr.open_by_handle_at, mount, 8, 0);
    // Signals end some calls while they are answered.
    await until(async () => {
      const calls = target.repeat(mount, 'own', O.RDONLY, 20);
      target.kill('SIGUSR1');
      await calls;
      return (await scene.requests(target, 10)).some(({ type }) => type === 'request.cancelled');
    });
    const [segment] = readdirSync(join(scene.agent.stateDirectory, 'journal'));
    keepSegment(join(scene.agent.stateDirectory, 'journal', segment as string), file(segmentFormatVersion));
  });
}

if (isRecording) describeWhen(missingForKernel(), 'recording', record);
