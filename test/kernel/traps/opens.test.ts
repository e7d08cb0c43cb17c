import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene, type Scene } from '../support/scene.js';
import type { TrapTarget } from '../support/trap-target.js';
import { type Description, nr, O } from '../support/trap-thread.js';

const SIGIO = 29;
const F_SETLEASE = 1024;
const F_WRLCK = 1;
const everyType = ['own', 'folder', 'link', 'fifo', 'socket', 'null', 'block'] as const;

/** The share's handle table, taken while the target is still root. */
async function prepare(target: TrapTarget, names: readonly string[]): Promise<number> {
  const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
  for (const name of names) expect(await target.encode(name, name)).toBe(0);
  return mount;
}

/** The same call by a target with the capability and by one that has deputy. */
async function both(
  scene: Scene,
  names: readonly string[],
  act: (target: TrapTarget, mount: number) => Promise<unknown>,
): Promise<{ native: unknown; deputy: unknown; target: TrapTarget }> {
  const native = scene.target();
  const nativeMount = await prepare(native, names);
  await native.confine({});
  const target = scene.target();
  const mount = await prepare(target, names);
  await scene.confine(target);
  return { native: await act(native, nativeMount), deputy: await act(target, mount), target };
}

const flagForms = {
  O_NOFOLLOW: O.NOFOLLOW,
  O_CLOEXEC: O.CLOEXEC,
  'O_WRONLY|O_APPEND': O.WRONLY | O.APPEND,
  'O_RDWR|O_DIRECT': O.RDWR | O.DIRECT,
  'O_RDWR|O_SYNC|O_CLOEXEC': O.RDWR | O.SYNC | O.CLOEXEC,
  O_DIRECTORY: O.DIRECTORY,
  O_NOATIME: O.NOATIME,
  'bit 30': 1 << 30,
} as const;

describeWhen(missingForKernel(), 'what an open gives', () => {
  const scene = makeScene({ dac: 'enforce' });

  for (const [name, flags] of Object.entries(flagForms)) {
    test(`${name} is passed on, F_GETFL included`, async () => {
      const { native, deputy, target } = await both(
        scene,
        ['own', 'folder', 'public'],
        async (one, mount) => [
          await one.openAndDescribe(mount, 'own', flags),
          await one.openAndDescribe(mount, 'folder', flags),
          await one.openAndDescribe(mount, 'public', flags),
        ],
      );
      expect(deputy).toEqual(native);
      // With `dac: enforce` it is deputy that says EACCES to a write on another's file.
      expect(await scene.requests(target, 3)).toHaveLength(3);
    });
  }

  test('flags that create are EINVAL and make nothing', async () => {
    const target = scene.target();
    const mount = await prepare(target, ['own', 'folder']);
    await scene.confine(target);
    expect(await target.openHandle(mount, 'own', O.RDWR | O.CREAT)).toBe('EINVAL');
    expect(await target.openHandle(mount, 'folder', O.RDWR | 0o20000000 | O.DIRECTORY)).toBe('EINVAL');
    const reasons = (await scene.requests(target, 2)).map(({ reason }) => reason);
    expect(reasons).toEqual(['DEPUTY_E_REFUSED_CREATING_FLAGS', 'DEPUTY_E_REFUSED_CREATING_FLAGS']);
  });

  test('a fifo without a writer is refused and does not block; devices are never opened', async () => {
    const target = scene.target();
    const mount = await prepare(target, ['fifo', 'null', 'block']);
    await scene.confine(target);
    for (const name of ['fifo', 'null', 'block']) {
      for (const flags of [O.RDONLY, O.RDWR, O.WRONLY]) {
        expect(await target.openHandle(mount, name, flags)).toBe('EPERM');
      }
    }
    const reasons = new Set((await scene.requests(target, 9)).map(({ reason }) => reason));
    expect([...reasons]).toEqual(['DEPUTY_E_REFUSED_FILE_TYPE']);
  });

  test("O_PATH never makes root's 0600 file readable, though it opens", async () => {
    const target = scene.target();
    const mount = await prepare(target, ['secret', 'closed', 'own']);
    await target.must('alloc text 64');
    await scene.confine(target);
    for (const name of ['secret', 'closed']) {
      const opened = (await target.openHandle(mount, name, O.PATH)) as number;
      expect(await target.describe(opened)).toMatchObject({ flags: '10000000' });
      expect(await target.call(0, opened, '$text', 8)).toBe('EBADF');
    }
    expect(await target.openHandle(mount, 'secret', O.RDONLY)).toBe('EACCES');
    const requests = await scene.requests(target, 3);
    // An exact open is written down when the injector has reported, maybe after the target's next call.
    expect(requests.filter(({ opath }) => opath === 'exact')).toHaveLength(2);
    const refused = requests.filter(({ opath }) => opath === undefined);
    expect(refused).toMatchObject([{ type: 'request.refused', reason: 'DEPUTY_E_REFUSED_ACCESS' }]);
  });

  test("O_NOATIME on another's file is EPERM; O_PATH|O_NOATIME opens it", async () => {
    const { native, deputy } = await both(scene, ['public', 'own'], async (one, mount) => [
      await one.openAndDescribe(mount, 'public', O.NOATIME),
      await one.openAndDescribe(mount, 'own', O.NOATIME),
      typeof (await one.openHandle(mount, 'public', O.PATH | O.NOATIME)),
    ]);
    expect(deputy).toEqual(native);
    expect((deputy as unknown[])[0]).toBe('EPERM');
    expect((deputy as unknown[])[2]).toBe('number');
  });
});

describeWhen(missingForKernel(), 'O_PATH of a file that somebody has a lease on', () => {
  const scene = makeScene({ opath: 'fast' });

  test('opens, as natively, though the substitute could not', async () => {
    const holder = scene.target();
    await holder.must(`handler ${SIGIO} 1`);
    const leased = await holder.open('own', O.RDWR);
    await holder.must(`call ${nr.fcntl} ${leased} ${F_SETLEASE} ${F_WRLCK}`);
    const { native, deputy, target } = await both(scene, ['own'], (one, mount) =>
      one.openAndDescribe(mount, 'own', O.PATH),
    );
    expect(deputy).toEqual(native);
    expect(await scene.requests(target, 1)).toMatchObject([{ opath: 'exact' }]);
  });
});

for (const opath of ['fast', 'exact'] as const) {
  describeWhen(missingForKernel(), `O_PATH for every type, opath: ${opath}`, () => {
    const scene = makeScene({ opath });

    for (const name of everyType) {
      test(name, async () => {
        const flags = O.PATH | O.NOFOLLOW | O.CLOEXEC;
        const { native, deputy, target } = await both(scene, [name], (one, mount) =>
          one.openAndDescribe(mount, name, flags),
        );
        const fast = opath === 'fast' && (name === 'own' || name === 'folder');
        const withoutFlags = (description: unknown) => ({ ...(description as Description), flags: '' });
        if (fast) expect(withoutFlags(deputy)).toEqual(withoutFlags(native));
        else expect(deputy).toEqual(native);
        expect((deputy as Description).flags === '10400000').toBe(!fast);
        const requests = await scene.requests(target, 1);
        expect(requests).toHaveLength(1);
        expect(requests[0]).toMatchObject({ opath: fast ? 'fast' : 'exact', way: fast ? 'addfd' : 'inject' });
      });
    }
  });
}
