import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene, type Scene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import { TrapTarget } from '../support/trap-target.js';
import { AT_EMPTY_PATH, AT_FDCWD, nr, O, type Result } from '../support/trap-thread.js';

const RLIMIT_NOFILE = 7;
const anyDescriptor = expect.any(Number);

/** What a target with the capability gets, and what one gets that has deputy. */
async function both(
  scene: Scene,
  act: (target: TrapTarget, confine: () => Promise<void>) => Promise<unknown>,
): Promise<{ native: unknown; deputy: unknown }> {
  const one = TrapTarget.start(scene.share);
  const native = await act(one, () => one.confine({}));
  await one.end();
  const target = scene.target();
  return { native, deputy: await act(target, () => scene.confine(target)) };
}

const littleEndian = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes.toString('hex');
};

const wildPointers = [
  '0',
  '1',
  '0x1000',
  '0x7ffffffff000',
  '0x800000000000',
  '0xffff800000000000',
  '0xffffffffffffffff',
  '0xfffffffffffffff8',
] as const;

/** Bytes of a handle of 16 that can be read: all, the last ones not, the header alone, not even that. */
const readableBytes = [16, 15, 12, 8, 7, 4, 1] as const;
/** Up to beyond what the kernel takes, 128, and the largest that the field holds. */
const handleSizes = [...Array(201).keys(), 0x7fffffff, 0x80000000, 0xffffffff] as const;

describeWhen(missingForKernel(), 'arguments that are wrong', () => {
  const scene = makeScene({ dac: 'capability' });

  test('pointers into nowhere are EFAULT', async () => {
    const { native, deputy } = await both(scene, async (target, confine) => {
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      await confine();
      const results: Record<string, Result> = {};
      for (const at of wildPointers) {
        results[`open ${at}`] = await target.call(nr.open_by_handle_at, mount, at, 0);
        results[`path ${at}`] = await target.call(nr.name_to_handle_at, AT_FDCWD, at, '$own', '$own+2048', 0);
        results[`handle ${at}`] = await target.call(nr.name_to_handle_at, AT_FDCWD, 's:own', at, '$own', 0);
        await target.must('put $own 80000000');
        results[`mount id ${at}`] = await target.call(nr.name_to_handle_at, AT_FDCWD, 's:own', '$own', at, 0);
      }
      return results;
    });
    expect(deputy).toEqual(native);
    expect(new Set(Object.values(deputy as object))).toEqual(new Set(['EFAULT']));
  });

  test('a handle that ends where its memory does', async () => {
    const { native, deputy } = await both(scene, async (target, confine) => {
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      const hex = await target.handleHex('own');
      for (const bytes of readableBytes) {
        await target.must(`edge part${bytes} ${bytes}`);
        await target.must(`put $part${bytes} ${hex.slice(0, 2 * bytes)}`);
      }
      await confine();
      const results: Result[] = [];
      for (const bytes of readableBytes) {
        const opened = await target.openHandle(mount, `part${bytes}`, O.RDONLY);
        results.push(typeof opened === 'string' ? opened : 0);
        // The mount is looked at before the rest of the handle.
        results.push(await target.openHandle(-7, `part${bytes}`, O.RDONLY));
        results.push(await target.call(nr.name_to_handle_at, AT_FDCWD, 's:own', `$part${bytes}`, '$own', 0));
      }
      return results;
    });
    expect(deputy).toEqual(native);
    expect((deputy as Result[])[0]).toBe(0);
    expect((deputy as Result[])[3]).toBe('EFAULT');
  });

  test('memory that may only be read is EFAULT and stays as it is', async () => {
    const { native, deputy } = await both(scene, async (target, confine) => {
      await target.must('edge page 4096');
      await target.must('put $page 8000000000');
      await target.must(`call ${nr.mprotect} $page 4096 1`);
      await target.encode('own', 'own');
      await confine();
      const handle = await target.call(nr.name_to_handle_at, AT_FDCWD, 's:own', '$page', '$own+2048', 0);
      const mountId = await target.call(nr.name_to_handle_at, AT_FDCWD, 's:own', '$own', '$page', 0);
      return [handle, mountId, (await target.tell('get $page 16'))['hex']];
    });
    expect(deputy).toEqual(native);
    expect(deputy).toEqual(['EFAULT', 'EFAULT', '80000000'.padEnd(32, '0')]);
  });

  test('sizes and types that no handle has', async () => {
    const { native, deputy } = await both(scene, async (target, confine) => {
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('own', 'own');
      await confine();
      const results: Record<string, unknown> = {};
      for (const size of handleSizes) {
        await target.must(`put $own ${littleEndian(size)}`);
        const opened = await target.openHandle(mount, 'own', O.RDONLY);
        results[`open ${size}`] = typeof opened === 'string' ? opened : 'opened';
        await target.must(`put $own ${littleEndian(size)}`);
        const named = await target.call(
          nr.name_to_handle_at,
          mount,
          's:',
          '$own',
          '$own+2048',
          AT_EMPTY_PATH,
        );
        const { hex } = await target.tell('get $own 4');
        results[`name ${size}`] = [named, hex];
        await target.encodeInto('own', 'own');
      }
      for (const type of [-1, 0, 2, 0x7f, 0xff, 0x10001, 0x40001]) {
        await target.must(`put $own+4 ${littleEndian(type)}`);
        const opened = await target.openHandle(mount, 'own', O.RDONLY);
        results[`type ${type}`] = typeof opened === 'string' ? opened : 'opened';
      }
      return results;
    });
    expect(deputy).toEqual(native);
    expect(deputy).toMatchObject({
      'open 0': 'EINVAL',
      'open 129': 'EINVAL',
      'name 0': ['EOVERFLOW', '08000000'],
      'name 129': ['EINVAL', '81000000'],
      'type -1': 'EINVAL',
    });
  });

  test('a file that is gone is ESTALE', async () => {
    const { native, deputy } = await both(scene, async (target, confine) => {
      const path = join(scene.share, 'gone');
      writeFileSync(path, '');
      chownSync(path, targetId, targetId);
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('gone', 'gone');
      rmSync(path);
      await confine();
      return [
        await target.openHandle(mount, 'gone', O.RDONLY),
        await target.openHandle(mount, 'gone', O.PATH),
      ];
    });
    expect(deputy).toEqual(native);
    expect(deputy).toEqual(['ESTALE', 'ESTALE']);
  });
});

for (const opath of ['fast', 'exact'] as const) {
  describeWhen(missingForKernel(), `a full table of descriptors, opath: ${opath}`, () => {
    const scene = makeScene({ opath });

    test('is EMFILE; what is free is used from the lowest number on', async () => {
      const { native, deputy } = await both(scene, async (target, confine) => {
        const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
        for (const name of ['own', 'link']) await target.encode(name, name);
        await target.must('alloc limit 16');
        const limit = 24;
        await target.must(`put $limit ${littleEndian(limit)}00000000${littleEndian(limit)}00000000`);
        await confine();
        await target.must(`call ${nr.setrlimit} ${RLIMIT_NOFILE} $limit`);
        for (let tries = 0; tries < limit && (await target.call(nr.dup, 0)) !== 'EMFILE'; tries++);
        const open = (name: string, flags: number) => target.openHandle(mount, name, flags);
        const full = [await open('own', O.RDONLY), await open('own', O.PATH), await open('link', O.PATH)];
        // One place is enough for an ordinary open; the exact way needs two, of which it keeps one.
        await target.must(`call ${nr.close} 20`);
        const one = [await open('own', O.RDONLY), await target.call(nr.close, 20)];
        await target.must(`call ${nr.close} 18`);
        const two = [await open('own', O.PATH), await target.call(nr.close, 18), await open('link', O.PATH)];
        return { full, one, two };
      });
      expect(deputy).toEqual(native);
      expect(deputy).toEqual({ full: ['EMFILE', 'EMFILE', 'EMFILE'], one: [20, 0], two: [18, 0, 18] });
    });

    test('with one place: an exact open is EMFILE, and the place stays free', async () => {
      const target = scene.target();
      const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
      await target.encode('link', 'link');
      await target.must('alloc limit 16');
      await target.must(`put $limit ${littleEndian(24)}00000000${littleEndian(24)}00000000`);
      await scene.confine(target);
      await target.must(`call ${nr.setrlimit} ${RLIMIT_NOFILE} $limit`);
      for (let tries = 0; tries < 24 && (await target.call(nr.dup, 0)) !== 'EMFILE'; tries++);
      await target.must(`call ${nr.close} 20`);
      expect(await target.openHandle(mount, 'link', O.PATH)).toBe('EMFILE');
      expect(await target.call(nr.dup, 0)).toBe(20);
      await target.must(`call ${nr.close} 20`);
      await target.must(`call ${nr.close} 21`);
      expect(await target.openHandle(mount, 'link', O.PATH)).toEqual(anyDescriptor);
    });
  });
}
