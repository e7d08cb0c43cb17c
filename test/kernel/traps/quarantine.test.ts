import { afterEach, expect, test } from 'vitest';
import { describeWhen } from '../../support/describe-when.js';
import { eventOf, eventsOf } from '../support/request-events.js';
import { makeScene } from '../support/scene.js';
import { StalledFiles } from '../support/stalled-files.js';
import { missingForStall, type StalledTarget, stalledTarget } from '../support/stalled-target.js';
import type { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

/** As many as the agent leaves a loop to (adapters/supervisor/request-server.ts). */
const quarantineLimit = 8;

describeWhen(missingForStall(), 'a target whose memory makes its reader wait', () => {
  const scene = makeScene();
  const mounted: StalledFiles[] = [];
  afterEach(async () => {
    await Promise.all(mounted.splice(0).map((files) => files.close()));
  });

  async function mountFiles(): Promise<StalledFiles> {
    const files = await StalledFiles.mount();
    mounted.push(files);
    return files;
  }
  const stall = (files: StalledFiles, page: number): Promise<StalledTarget> =>
    stalledTarget(scene.target(), files, page, scene.confine);

  async function bystander(): Promise<{ target: TrapTarget; open: () => Promise<unknown> }> {
    const target = scene.target();
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.encode('own', 'own');
    await scene.confine(target);
    return { target, open: () => target.openAndDescribe(mount, 'own', O.RDONLY) };
  }
  const quarantines = async ({ container }: TrapTarget): Promise<number> =>
    (await eventsOf(scene.agent.stateDirectory, container)).filter(
      ({ type }) => type === 'delegation.quarantined',
    ).length;

  test('two of them at a time stop nobody else, and get their right answers in the end', async () => {
    const files = await mountFiles();
    const other = await bystander();
    const right = await other.open();
    const first = await stall(files, 0);
    const second = await stall(files, 1);
    await first.begin();
    expect(await other.open()).toEqual(right);
    await second.begin();
    expect(await other.open()).toEqual(right);
    // Who comes only now is served too.
    const late = await bystander();
    expect(await late.open()).toEqual(right);
    for (const { target } of [first, second]) {
      const event = await eventOf(scene.agent.stateDirectory, target.container, 'delegation.quarantined');
      expect(event?.data).toMatchObject({ operation: 'a request' });
    }
    await files.release();
    for (const { thread, wait } of [first, second])
      expect(await thread.describe(await wait())).toEqual(right);
    expect(await scene.requests(first.target, 1)).toMatchObject([{ type: 'request.answered' }]);
    // Afterwards they are served as before, though in loops of their own.
    expect(await first.thread.openAndDescribe(first.mount, 'own', O.RDONLY)).toEqual(right);
    expect(await quarantines(other.target)).toBe(0);
    expect(await quarantines(late.target)).toBe(0);
  });

  test('so many that loops run out: all wait, all are answered, and the loops are used again', async () => {
    const files = await mountFiles();
    const other = await bystander();
    const right = await other.open();
    const stalled: StalledTarget[] = [];
    for (let page = 0; page <= quarantineLimit; page++) {
      const one = await stall(files, page);
      stalled.push(one);
      await one.begin();
      if (page < quarantineLimit) expect(await other.open(), `${page}`).toEqual(right);
    }
    const waits = other.open();
    const complaints = (): string[] => scene.agent.log.filter((line) => line.includes('too many targets'));
    await expect.poll(() => complaints().length, { timeout: 10_000 }).toBe(1);
    expect(await quarantines(stalled[quarantineLimit]?.target as TrapTarget)).toBe(0);
    // The agent itself goes on, looks again and again, and doesn't complain each time.
    for (let tries = 0; tries < 3; tries++) {
      expect(scene.agent.status().listeners).toBeGreaterThan(quarantineLimit);
    }
    await files.release();
    expect(await waits).toEqual(right);
    for (const { thread, wait } of stalled) expect(await thread.describe(await wait())).toEqual(right);
    expect(complaints()).toHaveLength(1);
    // The first eight behave now, so one of them makes room.
    const fresh = await mountFiles();
    const again = await stall(fresh, 0);
    await again.begin();
    expect(await other.open()).toEqual(right);
    expect(await quarantines(again.target)).toBe(1);
    for (const { thread, mount } of stalled) {
      expect(await thread.openAndDescribe(mount, 'own', O.RDONLY)).toEqual(right);
    }
    await fresh.release();
    expect(await again.thread.describe(await again.wait())).toEqual(right);
  });
});
