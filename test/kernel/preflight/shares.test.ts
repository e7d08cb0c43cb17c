import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sealingObstacle } from '../../../adapters/linux/sealing.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { eventOf } from '../support/request-events.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import { O } from '../support/trap-thread.js';

test('a handle of 104 bytes leaves room for a seal, one of 105 does not; none is no', () => {
  expect(sealingObstacle({ handleBytes: 104, id: 'x:1' })).toBeUndefined();
  expect(sealingObstacle({ handleBytes: 105, id: 'x:1' })?.detail).toContain('no room for a seal');
  expect(sealingObstacle({ handleBytes: 8, id: '' })?.detail).toBe('no id of its own');
  expect(sealingObstacle({ handleBytes: 8, id: '' }, true)).toBeUndefined();
  expect(sealingObstacle({ handleBytes: -95, id: 'x:1' })?.detail).toContain('EOPNOTSUPP');
});

interface Candidate {
  readonly possible: boolean;
  readonly reasons: string[];
}

describeWhen(missingForKernel(), 'shares on a file system whose handles can not be sealed', () => {
  const place = mkdtempSync(join(tmpdir(), 'deputy-preflight-'));
  const [without, good] = [join(place, 'without'), join(place, 'good')];
  const share = (name: string, path: string): object => ({ name, path });
  const scene = makeScene(
    { confinement: 'sealed', filesystems: ['ramfs', 'tmpfs', 'ext4'] },
    {
      targets: [
        { match: { container: 'without' }, shares: [share('a', without)] },
        { match: { container: 'unsealed' }, shares: [share('a', without)], confinement: 'none' },
        { match: { container: 'both' }, shares: [share('a', without), share('b', good)] },
        { match: { container: 'good' }, shares: [share('b', good)] },
      ],
    },
  );
  beforeAll(() => {
    chmodSync(place, 0o755);
    // ramfs has no handles at all, so none with a seal.
    for (const [path, type] of [
      [without, 'ramfs'],
      [good, 'tmpfs'],
    ] as const) {
      mkdirSync(path);
      const { status, stderr } = spawnSync('mount', ['-t', type, type, path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      chownSync(path, targetId, targetId);
    }
  });
  afterAll(() => {
    spawnSync('umount', [without, good]);
    rmSync(place, { recursive: true, force: true });
  });

  async function assessed(container: string): Promise<Candidate & { opened: unknown }> {
    const target = scene.target();
    await target.must('alloc handle 4096');
    await scene.confine(target, { container });
    const mount = await target.open(good, O.RDONLY | O.DIRECTORY);
    const named = await target.encodeInto('handle', good);
    const opened = named === 0 ? await target.openHandle(mount, 'handle', O.RDONLY) : named;
    const event = await eventOf(scene.agent.stateDirectory, container, 'delegation.assessed');
    const { candidates } = (event?.data ?? { candidates: [] }) as { candidates: Candidate[] };
    return { ...(candidates[0] as Candidate), opened };
  }

  test('are a no, before anything is served', async () => {
    const { possible, reasons, opened } = await assessed('without');
    expect(possible).toBe(false);
    expect(reasons).toEqual([
      expect.stringMatching(/^ramfs at .*: no handles \(EOPNOTSUPP\)\. Share another/),
    ]);
    expect(opened).toBe('ENOSYS');
    const refused = await eventOf(scene.agent.stateDirectory, 'without', 'delegation.refused');
    expect(refused?.data).toMatchObject({ code: 'DEPUTY_E_STRATEGY_REFUSED' });
  });

  test('are a no for that file system where there is another share', async () => {
    const { possible, reasons, opened } = await assessed('both');
    expect(possible).toBe(true);
    expect(reasons).toEqual([expect.stringContaining('no handles')]);
    expect(opened).toEqual(expect.any(Number));
  });

  test('are none where the handles can be sealed, or need not be', async () => {
    expect(await assessed('good')).toMatchObject({ possible: true, reasons: [], opened: expect.any(Number) });
    expect(await assessed('unsealed')).toMatchObject({ possible: true, reasons: [] });
  });
});
