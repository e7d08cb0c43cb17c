import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeWhen } from '../../support/describe-when.js';
import { eventOf } from '../support/request-events.js';
import { makeScene, type Scene } from '../support/scene.js';
import { StalledFiles } from '../support/stalled-files.js';
import { missingForStall, type StalledTarget, stalledTarget } from '../support/stalled-target.js';
import type { Flavour } from '../support/trap-target.js';
import { nr, O } from '../support/trap-thread.js';

const SIGUSR1 = 10;
const flavours = ['plain', 'killable'] as const satisfies readonly Flavour[];
const anyDescriptor = expect.any(Number);

const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** Somebody who is served whatever the target of the test does. */
async function expectOthersServed(scene: Scene): Promise<void> {
  const other = scene.target();
  const mount = await other.open('.', O.RDONLY | O.DIRECTORY);
  for (const name of ['own', 'link']) await other.encode(name, name);
  await scene.confine(other);
  expect(await other.openHandle(mount, 'own', O.RDONLY)).toEqual(anyDescriptor);
  expect(await other.openHandle(mount, 'link', O.PATH)).toEqual(anyDescriptor);
}

describeWhen(missingForStall(), 'a call that is interrupted while it is answered', () => {
  const scene = makeScene();
  const mounted: StalledFiles[] = [];
  afterEach(async () => {
    await Promise.all(mounted.splice(0).map((files) => files.close()));
  });

  /** A thread whose call is being answered, for as long as the files are stalled. */
  async function inMidCall(flavour: Flavour): Promise<StalledTarget & { files: StalledFiles }> {
    const files = await StalledFiles.mount();
    mounted.push(files);
    const confine = (target: StalledTarget['target']) => scene.confine(target, { flavour });
    const stalled = await stalledTarget(scene.target(), files, 0, confine);
    return { ...stalled, files };
  }

  test('by a handler without SA_RESTART, plain wait: EINTR at once, nothing opened', async () => {
    const { target, begin, wait, files, thread, mount } = await inMidCall('plain');
    await target.must(`handler ${SIGUSR1} 0`);
    const before = descriptorsOf(target.pid);
    // What the call would have done must not be done any more.
    await begin(O.RDWR | O.TRUNC);
    await target.signal(thread, SIGUSR1);
    expect(await wait()).toBe('EINTR');
    expect(await target.must('handled')).toBe(1);
    await files.release();
    expect(await scene.requests(target, 1)).toMatchObject([{ type: 'request.cancelled' }]);
    expect(readFileSync(join(scene.share, 'own'), 'utf8')).toBe('contents of own');
    expect(descriptorsOf(target.pid)).toBe(before);
    expect(await thread.openHandle(mount, 'own', O.RDONLY)).toEqual(anyDescriptor);
  });

  test('by a handler with SA_RESTART, plain wait: the call is made again and gets its answer', async () => {
    const { target, begin, wait, files, thread } = await inMidCall('plain');
    await target.must(`handler ${SIGUSR1} 1`);
    const before = descriptorsOf(target.pid);
    await begin();
    await target.signal(thread, SIGUSR1);
    await expect.poll(() => target.must('handled')).toBe(1);
    await files.release();
    expect(await wait()).toEqual(anyDescriptor);
    const types = (await scene.requests(target, 2)).map(({ type }) => type);
    expect(types).toEqual(['request.cancelled', 'request.answered']);
    expect(descriptorsOf(target.pid)).toBe(before + 1);
  });

  for (const restart of [0, 1]) {
    test(`by a handler ${restart ? 'with' : 'without'} SA_RESTART, killable wait: not at all`, async () => {
      const { target, begin, wait, files, thread } = await inMidCall('killable');
      await target.must(`handler ${SIGUSR1} ${restart}`);
      await begin();
      await target.signal(thread, SIGUSR1);
      await files.release();
      expect(await wait()).toEqual(anyDescriptor);
      expect(await target.must('handled')).toBe(1);
      const types = (await scene.requests(target, 1)).map(({ type }) => type);
      expect(types).toEqual(['request.answered']);
    });
  }

  for (const flavour of flavours) {
    test(`by SIGKILL, ${flavour} wait: the target goes at once, the others don't notice`, async () => {
      const { target, begin, files } = await inMidCall(flavour);
      await begin();
      target.kill('SIGKILL');
      // Its agent still waits for its memory; it need not.
      expect(await target.exited).toBe('SIGKILL');
      await expectOthersServed(scene);
      await files.release();
      expect(await scene.requests(target, 1)).toMatchObject([{ type: 'request.cancelled' }]);
      const { stateDirectory } = scene.agent;
      expect(await eventOf(stateDirectory, target.container, 'delegation.released')).toBeDefined();
    });
  }
});

describeWhen(missingForStall(), 'a target that is killed while the injector has it', () => {
  const pause = { DEPUTY_TEST: '1', DEPUTY_INJECTOR_PAUSE_AT: '10', DEPUTY_INJECTOR_PAUSE_MS: '300' };
  const scene = makeScene({ opath: 'exact' }, { environment: pause });

  const tracerOf = (pid: number, threadId: number): string =>
    /^TracerPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/task/${threadId}/status`, 'utf8'))?.[1] ?? '';

  for (const flavour of flavours) {
    test(`is gone, and its request with it, ${flavour} wait`, async () => {
      const processes = scene.agent.status().processes;
      const injector = processes.find(({ role }) => role === 'injector')?.pid;
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('link', 'link');
      await scene.confine(target, { flavour });
      const thread = await target.newThread(1);
      const threadId = (await thread.call(nr.gettid)) as number;
      await thread.beginOpenHandle(mount, 'link', O.PATH);
      await expect.poll(() => tracerOf(target.pid, threadId), { interval: 5 }).toBe(`${injector}`);
      target.kill('SIGKILL');
      expect(await target.exited).toBe('SIGKILL');
      expect(await scene.requests(target, 1)).toMatchObject([{ type: 'request.cancelled' }]);
      await expectOthersServed(scene);
      const pids = scene.agent.status().processes.map(({ pid }) => pid);
      expect(pids).toEqual(processes.map(({ pid }) => pid));
    });
  }
});
