import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { journaledRequests } from '../support/journal-records.js';
import { makeScene, type Scene } from '../support/scene.js';
import type { TrapTarget } from '../support/trap-target.js';
import { O } from '../support/trap-thread.js';

/** A target with the handles of two files, of which the one's bytes take turns with the other's. */
async function racer(scene: Scene, names: readonly [string, string]) {
  const target = scene.target();
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  const files: { inode: number; handle: string }[] = [];
  for (const name of names) {
    await target.encode(name, name);
    const described = await target.describe(await target.open(name, O.PATH));
    if (typeof described === 'string') throw new Error(described);
    files.push({ inode: described.inode, handle: (await target.handleHex(name)).slice(16, 32) });
  }
  await scene.confine(target);
  /** Rounds of `count` calls until both bytes were met: on a busy machine the other thread may not run. */
  const repeat = async (flags: number, count: number): Promise<Record<string, number>> => {
    const seen: Record<string, number> = {};
    while (Object.keys(seen).length < 2) {
      const round = await target.repeat(mount, names[0], flags, count, names[1]);
      for (const [key, times] of Object.entries(round)) seen[key] = (seen[key] ?? 0) + times;
    }
    return seen;
  };
  return { target, files, repeat };
}

/** How often each of the two handles was acted on, by what the call gave: a descriptor or an errno. */
async function journaled(scene: Scene, target: TrapTarget, count: number) {
  await expect
    .poll(() => journaledRequests(scene.agent.stateDirectory, target.pid).length, { timeout: 15_000 })
    .toBe(count);
  const seen: Record<string, number> = {};
  for (const { handle, result } of journaledRequests(scene.agent.stateDirectory, target.pid)) {
    const key = `${handle} ${result < 0 ? result : 'opened'}`;
    seen[key] = (seen[key] ?? 0) + 1;
  }
  return seen;
}

for (const dac of ['enforce', 'capability'] as const) {
  describeWhen(missingForKernel(), `bytes that change during the call, dac: ${dac}`, () => {
    const scene = makeScene({ dac, opath: 'exact' });
    const hidden = dac === 'enforce' ? 'EACCES' : undefined;

    const cases = [
      { name: 'two files', names: ['own', 'public'], flags: O.RDONLY, count: 2_000, second: undefined },
      {
        name: 'a file and a secret one',
        names: ['own', 'secret'],
        flags: O.RDONLY,
        count: 2_000,
        second: hidden,
      },
      { name: 'a file and a device', names: ['own', 'null'], flags: O.RDONLY, count: 2_000, second: 'EPERM' },
      { name: 'a file and a fifo', names: ['own', 'fifo'], flags: O.RDONLY, count: 2_000, second: 'EPERM' },
      {
        name: 'a file and a device, O_PATH',
        names: ['own', 'null'],
        flags: O.PATH,
        count: 200,
        second: undefined,
      },
    ] as const;
    for (const { name, names, flags, count, second } of cases) {
      test(`${name}: one or the other, judged and opened as the journal says`, async () => {
        const { target, files, repeat } = await racer(scene, names);
        const [first, other] = files as [(typeof files)[0], (typeof files)[0]];
        const seen = await repeat(flags, count);
        const key = second ?? `${other.inode}`;
        expect(Object.keys(seen).sort()).toEqual([`${first.inode}`, key].sort());
        const errno = second === 'EACCES' ? -13 : -1;
        const calls = Object.values(seen).reduce((total, times) => total + times, 0);
        expect(await journaled(scene, target, calls)).toEqual({
          [`${first.handle} opened`]: seen[`${first.inode}`],
          [`${other.handle} ${second === undefined ? 'opened' : errno}`]: seen[key],
        });
      });
    }
  });
}
