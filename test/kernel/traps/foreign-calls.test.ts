import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { TrapTarget } from '../support/trap-target.js';
import { nr, O, type TrapThread } from '../support/trap-thread.js';

/** open_by_handle_at and name_to_handle_at of i386; 303 and 304 are linkat and symlinkat there. */
const i386 = { name: 341, open: 342, linkat: 303, symlinkat: 304 } as const;
const x32Bit = 0x40000000;
const architecture = 'DEPUTY_E_REFUSED_ARCHITECTURE';

const missing = process.arch === 'x64' ? missingForKernel() : [...missingForKernel(), 'x86-64'];

/** A handle below 4 GiB, where 32-bit calls can name it. */
async function lowHandle(thread: TrapThread): Promise<number> {
  await thread.must('low own 4096');
  expect(await thread.encodeInto('own', 'own')).toBe(0);
  return thread.open('.', O.RDONLY | O.DIRECTORY);
}

describeWhen(missing, 'calls of other architectures', () => {
  const scene = makeScene({ dac: 'capability' });

  test('of i386, natively: they would work', async () => {
    const native = TrapTarget.start(scene.share);
    const mount = await lowHandle(native);
    await native.confine({});
    expect(await native.result(`call32 ${i386.open} ${mount} $own 0`)).toEqual(expect.any(Number));
    await native.end();
  });

  test('of i386 are refused with a code', async () => {
    const target = scene.target();
    const mount = await lowHandle(target);
    await scene.confine(target);
    expect(await target.result(`call32 ${i386.open} ${mount} $own 0`)).toBe('EPERM');
    expect(await target.result(`call32 ${i386.open} ${mount} $own ${O.PATH}`)).toBe('EPERM');
    expect(await target.result(`call32 ${i386.name} ${mount} $own $own`)).toBe('EPERM');
    // Numbers that mean the calls on x86-64 only: taken for those, the first would open the file.
    expect(await target.result(`call32 ${i386.symlinkat} ${mount} $own 0`)).toBe('EPERM');
    expect(await target.result(`call32 ${i386.linkat} ${mount} $own 0`)).toBe('EPERM');
    expect((await scene.requests(target, 5)).map(({ reason }) => reason)).toEqual(
      Array(5).fill(architecture),
    );
  });

  test('of x32 are refused with a code', async () => {
    const target = scene.target();
    const mount = await lowHandle(target);
    await scene.confine(target);
    expect(await target.call(x32Bit + nr.open_by_handle_at, mount, '$own', O.RDONLY)).toBe('EPERM');
    expect(await target.call(x32Bit + nr.name_to_handle_at, mount, 's:own', '$own', '$own+2048', 0)).toBe(
      'EPERM',
    );
    expect((await scene.requests(target, 2)).map(({ reason }) => reason)).toEqual(
      Array(2).fill(architecture),
    );
    // The thread is as it was.
    expect(await target.openHandle(mount, 'own', O.RDONLY)).toEqual(expect.any(Number));
  });
});
