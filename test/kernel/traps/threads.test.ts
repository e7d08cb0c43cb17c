import { chmodSync, chownSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { compileTarget } from '../support/compile.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import type { TrapTarget } from '../support/trap-target.js';
import { AT_EMPTY_PATH, AT_FDCWD, nr, O, type TrapThread } from '../support/trap-thread.js';

const PR_SET_NO_NEW_PRIVS = 38;
const CLONE_FILES = 0x400;
const otherId = 108;
const capSetuid = '80';
const anyDescriptor = expect.any(Number);
/** A number that no other descriptor has. */
const mountNumber = 200;

describeWhen(missingForKernel(), 'threads of one target', () => {
  const scene = makeScene({ dac: 'enforce', opath: 'exact' });

  /** Handles in buffers, the share as descriptor `mountNumber`, and a filter; the first thread stays root. */
  async function prepare(names: readonly string[]): Promise<TrapTarget> {
    const target = scene.target();
    for (const name of names) expect(await target.encode(name, name)).toBe(0);
    await putMount(target, '.');
    await scene.confine(target, { staysRoot: true });
    return target;
  }
  async function putMount(thread: TrapThread, path: string): Promise<void> {
    const directory = await thread.open(path, O.RDONLY | O.DIRECTORY);
    await thread.must(`call ${nr.dup2} ${directory} ${mountNumber}`);
    await thread.must(`call ${nr.close} ${directory}`);
  }
  /** A thread whose descriptor `mountNumber` is a directory of another file system. */
  async function leaveTable(thread: TrapThread): Promise<void> {
    await thread.must(`call ${nr.unshare} ${CLONE_FILES}`);
    await putMount(thread, '/dev/shm');
  }
  async function inodeOf(target: TrapTarget, path: string): Promise<number> {
    const described = await target.describe(await target.open(path, O.PATH | O.NOFOLLOW));
    if (typeof described === 'string') throw new Error(described);
    return described.inode;
  }

  test('have the rights of their own ids, call by call', async () => {
    const target = await prepare(['readonly', 'secret']);
    const [owner, other] = [await target.newThread(1), await target.newThread(2)];
    await owner.dropTo(targetId);
    await other.dropTo(otherId);
    for (let round = 0; round < 5; round++) {
      expect(await owner.openHandle(mountNumber, 'readonly', O.RDONLY)).toEqual(anyDescriptor);
      expect(await other.openHandle(mountNumber, 'readonly', O.RDONLY)).toBe('EACCES');
      // The first thread is root, the leader of both.
      expect(await target.openHandle(mountNumber, 'secret', O.RDONLY)).toEqual(anyDescriptor);
      expect(await owner.openHandle(mountNumber, 'secret', O.RDONLY)).toBe('EACCES');
    }
    expect(await scene.requests(target, 20)).toHaveLength(20);
  });

  for (const last of ['', ' keep']) {
    const privileges = last === '' ? 'and no_new_privs' : 'and no no_new_privs';
    test(`with CAP_SETUID ${privileges} have the ids of the moment`, async () => {
      const target = await prepare(['readonly']);
      const thread = await target.newThread(1);
      await thread.must(`drop ${targetId} ${capSetuid}${last}`);
      const open = () => thread.openHandle(mountNumber, 'readonly', O.RDONLY);
      for (let round = 0; round < 3; round++) {
        expect(await open()).toEqual(anyDescriptor);
        await thread.must(`call ${nr.setresuid} -1 ${otherId} -1`);
        expect(await open()).toBe('EACCES');
        await thread.must(`call ${nr.setresuid} -1 ${targetId} -1`);
        expect(await open()).toEqual(anyDescriptor);
        // File permissions go by the file system ids.
        await thread.must(`call ${nr.setfsuid} ${otherId}`);
        expect(await open()).toBe('EACCES');
        await thread.must(`call ${nr.setfsuid} ${targetId}`);
      }
    });

    test(`with another saved id ${privileges} have the ids of the moment`, async () => {
      const target = await prepare(['readonly']);
      const thread = await target.newThread(1);
      // A saved id is a way back without any capability.
      await thread.must(`call ${nr.setresuid} ${otherId} ${otherId} ${targetId}`);
      if (last === '') await thread.must(`call ${nr.prctl} ${PR_SET_NO_NEW_PRIVS} 1 0 0 0`);
      const open = () => thread.openHandle(mountNumber, 'readonly', O.RDONLY);
      expect(await open()).toBe('EACCES');
      await thread.must(`call ${nr.setresuid} -1 ${targetId} -1`);
      expect(await open()).toEqual(anyDescriptor);
      await thread.must(`call ${nr.setresuid} -1 ${otherId} -1`);
      expect(await open()).toBe('EACCES');
    });
  }

  test('without no_new_privs may get other ids by executing a program, and have those', async () => {
    const program = join(scene.share, 'program');
    copyFileSync(compileTarget('trap-target'), program);
    chownSync(program, targetId, targetId);
    chmodSync(program, 0o4755);
    const target = scene.target();
    await target.encode('readonly', 'readonly');
    const hex = await target.handleHex('readonly');
    await putMount(target, '.');
    await scene.confine(target, { uid: otherId, mayGainPrivileges: true });
    expect(await target.openHandle(mountNumber, 'readonly', O.RDONLY)).toBe('EACCES');
    await target.execute(program);
    await target.must('alloc readonly 4096');
    await target.must(`put $readonly ${hex}`);
    expect(await target.openHandle(mountNumber, 'readonly', O.RDONLY)).toEqual(anyDescriptor);
    expect(await scene.requests(target, 2)).toHaveLength(2);
  });

  test('with tables of descriptors of their own use what is in those', async () => {
    const target = await prepare(['readonly']);
    const inode = await inodeOf(target, 'readonly');
    const [shared, own] = [await target.newThread(1), await target.newThread(2)];
    await leaveTable(own);
    await shared.dropTo(targetId);
    await own.dropTo(targetId);
    expect(await shared.openAndDescribe(mountNumber, 'readonly', O.RDONLY)).toMatchObject({ inode });
    // The file system of /dev/shm doesn't know the handle.
    expect(await own.openHandle(mountNumber, 'readonly', O.RDONLY)).toBe('ESTALE');
    await own.must('alloc inner 4096');
    expect(await own.encodeInto('inner', '', mountNumber, AT_EMPTY_PATH)).toBe(0);
    expect(await own.openHandle(mountNumber, 'inner', O.RDONLY)).toEqual(anyDescriptor);
    expect(await shared.openHandle(mountNumber, 'inner', O.RDONLY)).toBe('ESTALE');
    // What a call opens arrives in the caller's table alone.
    const opened = (await own.openHandle(mountNumber, 'inner', O.PATH)) as number;
    expect(await own.describe(opened)).toMatchObject({ flags: '10000000' });
    expect(await target.describe(opened)).toBe('EBADF');
  });

  test('with the number of one that died are not taken for it', async () => {
    const target = await prepare(['readonly']);
    const inode = await inodeOf(target, 'readonly');
    const first = await target.newThread(1);
    const threadId = (await first.call(nr.gettid)) as number;
    await first.dropTo(targetId);
    expect(await first.openAndDescribe(mountNumber, 'readonly', O.RDONLY)).toMatchObject({ inode });
    await first.endThread();

    const second = await target.newThread(1, threadId);
    await second.dropTo(otherId);
    expect(await second.openHandle(mountNumber, 'readonly', O.RDONLY)).toBe('EACCES');
    await second.endThread();

    const third = await target.newThread(1, threadId);
    await leaveTable(third);
    await third.dropTo(targetId);
    expect(await third.openHandle(mountNumber, 'readonly', O.RDONLY)).toBe('ESTALE');
    await third.endThread();
  });

  test('with the number of one that died encode handles with their own rights and directories', async () => {
    const target = await prepare(['readonly']);
    const personal = join(scene.share, 'personal');
    mkdirSync(join(personal, 'inner'), { recursive: true });
    chownSync(personal, targetId, targetId);
    chmodSync(personal, 0o700);
    await target.must('alloc found 4096');
    const expected = await target.handleHex('readonly');
    const first = await target.newThread(1);
    const threadId = (await first.call(nr.gettid)) as number;
    await first.dropTo(targetId);
    expect(await first.encodeInto('found', 'personal/inner')).toBe(0);
    await first.endThread();

    const second = await target.newThread(1, threadId);
    await second.dropTo(otherId);
    // The very first call is the one for which the rights of the dead are at hand.
    expect(await second.encodeInto('found', 'personal/inner')).toBe('EACCES');
    expect(await second.encodeInto('found', 'readonly', AT_FDCWD)).toBe(0);
    expect(await second.handleHex('found')).toBe(expected);
    expect(await second.encodeInto('found', 'closed/inner', mountNumber)).toBe('EACCES');
    await second.endThread();

    // root's rights are more than those of the one before.
    const third = await target.newThread(1, threadId);
    expect(await third.encodeInto('found', 'closed/inner', mountNumber)).toBe(0);
    await third.endThread();
  });
});
