import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeWhen, isLong, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import type { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

const rounds = isLong ? 30 : 8;
const calls = 150;

/** Is it one, and alive? A zombie has no command line. */
function isInjector(pid: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('deputy-injector');
}

/** The injector that serves an agent, once there is one. */
async function injectorOf(agent: number): Promise<number> {
  for (let tries = 0; tries < 1_000; tries++) {
    const children = readFileSync(`/proc/${agent}/task/${agent}/children`, 'utf8').trim().split(' ');
    const found = children.find((pid) => pid !== '' && isInjector(pid));
    if (found !== undefined) return Number(found);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('there is no injector');
}

const socketsOf = (target: TrapTarget): string[] =>
  readdirSync(`/proc/${target.pid}/fd`)
    .map((name) => readlinkSync(`/proc/${target.pid}/fd/${name}`))
    .filter((link) => link.startsWith('socket:'));

describeWhen(missingForKernel(), 'an injector that is killed', () => {
  const scene = makeScene({ opath: 'exact' });

  test('leaves its target right, without anything left behind, or dead', { timeout: 300_000 }, async () => {
    const inode = lstatSync(`${scene.share}/link`).ino;
    let survived = 0;
    for (let round = 0; round < rounds; round++) {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('link', 'link');
      const before = socketsOf(target);
      await scene.confine(target, { flavour: round % 2 === 0 ? 'plain' : 'killable' });
      const injector = await injectorOf(scene.agent.pid);
      const ended = target.exited.then(() => 'dead' as const);
      const seen = target.repeat(mount, 'link', O.PATH | O.NOFOLLOW, calls).catch(() => 'dead' as const);
      await new Promise((resolve) => setTimeout(resolve, 2 + (round % 13)));
      // A deadlier tool than any bug of ours: at whatever moment it strikes.
      process.kill(injector, 'SIGKILL');
      const result = await Promise.race([seen, ended]);
      if (result === 'dead') continue;
      survived++;
      expect(result).toEqual({ [inode]: calls });
      expect(socketsOf(target)).toEqual(before);
      await target.end();
    }
    expect(survived).toBeGreaterThan(0);
    console.log(`${survived} of ${rounds} targets outlived their injector`);
  });
});
