import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { descriptorsOf } from '../support/process-resources.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import { O } from '../support/trap-thread.js';

describeWhen(missingForKernel(), 'copies that the agent has of what it opens', () => {
  const scene = makeScene({ dac: 'enforce' });

  test('are closed, so a program that was written can be executed', async () => {
    const program = join(scene.share, 'program');
    copyFileSync('/bin/true', program);
    chownSync(program, targetId, targetId);
    const target = scene.target();
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    const names = ['program', 'secret', 'link', 'fifo', 'folder'];
    for (const name of names) expect(await target.encode(name, name)).toBe(0);
    await scene.confine(target);
    const opened = await target.openHandle(mount, 'program', O.WRONLY);
    await target.must(`call 3 ${opened}`);
    // The answer comes first, so for a moment the agent has the file still.
    await expect.poll(() => spawnSync(program).status).toBe(0);
    for (const name of names) {
      for (const flags of [O.RDONLY, O.RDWR, O.PATH]) await target.openHandle(mount, name, flags);
    }
    const { pid } = scene.agent;
    const injector = scene.agent.status().processes.find(({ role }) => role === 'injector')?.pid ?? 0;
    const held = (): string[] =>
      [...descriptorsOf(pid), ...descriptorsOf(injector)].filter((text) =>
        names.some((name) => text.endsWith(join(scene.share, name))),
      );
    await expect.poll(held).toEqual([]);
  });
});
