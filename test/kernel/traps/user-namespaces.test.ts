import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import type { TrapTarget } from '../support/trap-target.js';
import { AT_FDCWD, nr, O } from '../support/trap-thread.js';

const CLONE_NEWUSER = 0x10000000;
const setgroups = 116;
const setresgid = 119;
const anyDescriptor = expect.any(Number);
/** Where a container engine maps its users to. */
const base = 100_000;
const range = 1_000;

describeWhen(missingForKernel(), 'a target in a user namespace of its own', () => {
  const scene = makeScene({ confinement: 'sealed' });

  beforeAll(() => {
    const file = (name: string, uid: number, gid: number, mode: number): void => {
      const path = join(scene.share, name);
      writeFileSync(path, `contents of ${name}`);
      chownSync(path, uid, gid);
      chmodSync(path, mode);
    };
    file('mapped', base + targetId, base + targetId, 0o600);
    file('mapped-other', base + 5, base + 5, 0o600);
    file('mapped-group', 0, base + 50, 0o640);
    file('unmapped', 1_234, 1_234, 0o600);
    spawnSync('sh', ['-c', 'chmod 644 closed/inner'], { cwd: scene.share });
  });

  const map = (target: TrapTarget, text: string): void => {
    writeFileSync(`/proc/${target.pid}/setgroups`, text.endsWith(' 1') ? 'deny' : 'allow');
    writeFileSync(`/proc/${target.pid}/uid_map`, text);
    writeFileSync(`/proc/${target.pid}/gid_map`, text);
  };

  /** In a namespace where it is root with all capabilities, which are good for that namespace alone. */
  async function rootOfItsOwn(confine: (target: TrapTarget) => Promise<void>): Promise<TrapTarget> {
    const target = scene.target();
    for (const name of ['own', 'secret', 'unmapped', 'closed']) await target.must(`alloc ${name} 4096`);
    await confine(target);
    await target.must(`call ${nr.unshare} ${CLONE_NEWUSER}`);
    map(target, `0 ${targetId} 1`);
    return target;
  }

  test("gains nothing by the capabilities that it has there: not to read, not to reach another's folder", async () => {
    const target = await rootOfItsOwn((one) => scene.confine(one));
    // It is root there, for the time being: what it asks for itself the kernel refuses, too.
    expect(await target.call(nr.open, 's:secret', O.RDONLY)).toBe('EACCES');
    expect(await target.call(nr.open, 's:closed/inner', O.RDONLY)).toBe('EACCES');
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    for (const name of ['own', 'secret', 'unmapped']) expect(await target.encodeInto(name, name)).toBe(0);
    expect(await target.openHandle(mount, 'own', O.RDWR)).toEqual(anyDescriptor);
    for (const name of ['secret', 'unmapped']) {
      expect(await target.openHandle(mount, name, O.RDONLY), name).toBe('EACCES');
      expect(await target.openHandle(mount, name, O.WRONLY), name).toBe('EACCES');
    }
    // Its folder is closed to the target, so that it gets no handle of what is in there.
    expect(await target.encodeInto('closed', 'closed/inner', AT_FDCWD)).toBe('EACCES');
  });

  test("of which it is uid 0, and root's files are root's: without a capability it gains none either", async () => {
    const target = scene.target();
    for (const name of ['own', 'secret', 'readonly', 'closed']) await target.must(`alloc ${name} 4096`);
    // As root in a container without capabilities, who makes a namespace.
    await scene.confine(target, { uid: 0 });
    await target.must(`call ${nr.unshare} ${CLONE_NEWUSER}`);
    map(target, '0 0 1');
    expect(await target.call(nr.open, 's:readonly', O.RDONLY)).toBe('EACCES');
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    for (const name of ['secret', 'readonly']) expect(await target.encodeInto(name, name)).toBe(0);
    expect(await target.openHandle(mount, 'secret', O.RDONLY)).toEqual(anyDescriptor);
    expect(await target.openHandle(mount, 'readonly', O.RDONLY)).toBe('EACCES');
  });

  test('has the ids that the kernel maps its own to, groups too', async () => {
    const target = scene.target();
    const names = ['mapped', 'mapped-other', 'mapped-group', 'own', 'secret'];
    for (const name of names) await target.must(`alloc ${name} 4096`);
    await target.must('alloc groups 4096');
    await target.must('put $groups 32000000');
    await scene.confine(target, { staysRoot: true });
    await target.must(`call ${nr.unshare} ${CLONE_NEWUSER}`);
    map(target, `0 ${base} ${range}`);
    await target.must(`call ${setgroups} 1 $groups`);
    await target.must(`call ${setresgid} ${targetId} ${targetId} ${targetId}`);
    await target.must(`call ${nr.setresuid} ${targetId} ${targetId} ${targetId}`);
    const mount = await target.open('.', O.RDONLY | O.DIRECTORY);
    for (const name of names) expect(await target.encodeInto(name, name)).toBe(0);
    expect(await target.openHandle(mount, 'mapped', O.RDWR)).toEqual(anyDescriptor);
    expect(await target.openHandle(mount, 'mapped-group', O.RDONLY)).toEqual(anyDescriptor);
    expect(await target.openHandle(mount, 'mapped-group', O.RDWR)).toBe('EACCES');
    // Uid 107 of the host is somebody else, and so is the namespace's uid 5.
    for (const name of ['own', 'secret', 'mapped-other']) {
      expect(await target.openHandle(mount, name, O.RDWR), name).toBe('EACCES');
    }
    expect(await target.openHandle(mount, 'secret', O.RDONLY)).toBe('EACCES');
  });
});
