import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { AT_EMPTY_PATH, AT_FDCWD, nr, O, type TrapThread } from '../support/trap-thread.js';

const CLONE_NEWNS = 0x20000;
const MS_RDONLY = 1;
const MS_NODEV = 4;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_PRIVATE_ALL = 0x44000;
const MNT_DETACH = 2;
const FD_PIDFS_ROOT = -10002;
const FD_NSFS_ROOT = -10003;
const anyDescriptor = expect.any(Number);

describeWhen(missingForKernel(), 'the descriptor that names the mount', () => {
  const scene = makeScene({ dac: 'capability' });
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'deputy-mounts-'));
    chmodSync(place, 0o755);
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  async function leaveNamespace(thread: TrapThread): Promise<void> {
    await thread.must(`call ${nr.unshare} ${CLONE_NEWNS}`);
    await thread.must(`call ${nr.mount} s:none s:/ 0 ${MS_PRIVATE_ALL} 0`);
  }
  const mountTmpfs = (thread: TrapThread): Promise<number> =>
    thread.must(`call ${nr.mount} s:scene s:${place} s:tmpfs 0 s:mode=755`);

  /** A file of the target's user on the tmpfs: what it is, as fstat says. */
  async function makeFile(thread: TrapThread, name: string): Promise<{ inode: number; device: number }> {
    const file = await thread.must(`call ${nr.open} s:${place}/${name} ${O.RDWR | O.CREAT} 0644`);
    await thread.must(`call ${nr.fchown} ${file} 107 107`);
    const described = await thread.describe(file);
    await thread.must(`call ${nr.close} ${file}`);
    if (typeof described === 'string') throw new Error(described);
    return { inode: described.inode, device: described.device };
  }

  test("AT_FDCWD is the target's working directory, not the agent's", async () => {
    const target = scene.target();
    await leaveNamespace(target);
    await mountTmpfs(target);
    const file = await makeFile(target, 'file');
    await target.encode('file', `${place}/file`);
    await target.must(`call ${nr.chdir} s:${place}`);
    await scene.confine(target);
    expect(await target.openAndDescribe(AT_FDCWD, 'file', O.RDONLY)).toMatchObject(file);
    await target.must(`call ${nr.chdir} s:/`);
    // ext4 doesn't know the handles of tmpfs.
    expect(await target.openHandle(AT_FDCWD, 'file', O.RDONLY)).toBe('ESTALE');
    expect(await scene.requests(target, 2)).toHaveLength(2);
  });

  test('the special numbers of pidfs and nsfs, and other negative ones, are EBADF', async () => {
    const target = scene.target();
    const pidfd = await target.must(`call ${nr.pidfd_open} ${process.pid} 0`);
    expect(await target.encode('process', '', pidfd, AT_EMPTY_PATH)).toBe(0);
    const namespace = await target.open('/proc/self/ns/net');
    await target.encode('namespace', '', namespace, AT_EMPTY_PATH);
    // A real handle: with the capability the kernel opens it through the special number.
    expect(await target.openHandle(FD_PIDFS_ROOT, 'process', O.RDONLY)).toEqual(anyDescriptor);
    await scene.confine(target);
    const numbers = [FD_PIDFS_ROOT, FD_NSFS_ROOT, -1, -2, -99, -101, -2147483648];
    for (const number of numbers) {
      for (const handle of ['process', 'namespace']) {
        expect(await target.openHandle(number, handle, O.RDONLY), `${number}`).toBe('EBADF');
      }
    }
    const requests = await scene.requests(target, 14);
    expect(requests.map(({ result }) => result)).toEqual(Array(14).fill('EBADF'));
  });

  test('handles of pidfs, nsfs and proc are refused, whatever descriptor comes with them', async () => {
    const target = scene.target();
    const pidfd = await target.must(`call ${nr.pidfd_open} ${process.pid} 0`);
    await target.encode('process', '', pidfd, AT_EMPTY_PATH);
    const namespace = await target.open('/proc/self/ns/net');
    await target.encode('namespace', '', namespace, AT_EMPTY_PATH);
    const proc = await target.open('/proc', O.RDONLY | O.DIRECTORY);
    await target.encode('own', 'own');
    await scene.confine(target);
    expect(await target.openHandle(pidfd, 'process', O.RDONLY)).toBe('EPERM');
    expect(await target.openHandle(namespace, 'namespace', O.RDONLY)).toBe('EPERM');
    expect(await target.openHandle(proc, 'own', O.RDONLY)).toBe('EPERM');
    // pidfs and nsfs are mounted in no namespace, so they are not even found; proc is.
    expect((await scene.requests(target, 3)).map(({ reason }) => reason)).toEqual([
      'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED',
      'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED',
      'DEPUTY_E_REFUSED_FILESYSTEM',
    ]);
  });

  test('an O_PATH descriptor is EBADF, as for the kernel', async () => {
    const target = scene.target();
    await target.encode('own', 'own');
    const mount = await target.open('.', O.PATH | O.DIRECTORY);
    await scene.confine(target);
    expect(await target.openHandle(mount, 'own', O.RDONLY)).toBe('EBADF');
  });

  test('a read-only mount stays read-only', async () => {
    const target = scene.target();
    await leaveNamespace(target);
    await mountTmpfs(target);
    await makeFile(target, 'file');
    await target.encode('file', `${place}/file`);
    const writable = await target.open(place, O.RDONLY | O.DIRECTORY);
    await target.must(`call ${nr.mount} s:${place} s:${place} 0 ${MS_BIND} 0`);
    const flags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV;
    await target.must(`call ${nr.mount} s:none s:${place} 0 ${flags} 0`);
    const mount = await target.open(place, O.RDONLY | O.DIRECTORY);
    await scene.confine(target);
    // The same file system through two mounts: what counts is the mount of the target's own descriptor.
    expect(await target.openHandle(writable, 'file', O.RDWR)).toEqual(anyDescriptor);
    expect(await target.openHandle(mount, 'file', O.RDWR)).toBe('EROFS');
    expect(await target.openHandle(mount, 'file', O.WRONLY | O.TRUNC)).toBe('EROFS');
    expect(await target.openHandle(mount, 'file', O.RDONLY)).toEqual(anyDescriptor);
  });

  test("a descriptor on another namespace's mount is refused", async () => {
    const target = scene.target();
    await target.encode('own', 'own');
    const before = await target.open('.', O.RDONLY | O.DIRECTORY);
    await leaveNamespace(target);
    const after = await target.open('.', O.RDONLY | O.DIRECTORY);
    await target.must(`call ${nr.fchdir} ${after}`);
    await scene.confine(target);
    expect(await target.openHandle(before, 'own', O.RDONLY)).toBe('EPERM');
    expect(await scene.requests(target, 1)).toMatchObject([{ reason: 'DEPUTY_E_REFUSED_MOUNT_NOT_SHARED' }]);
  });

  test('one descriptor number, one mount after another: mount ids may be used again', async () => {
    const target = scene.target();
    await leaveNamespace(target);
    await mountTmpfs(target);
    // Only the first thread gets a filter; this one stays root and changes the mounts under its feet.
    const root = await target.newThread(1);
    await scene.confine(target);
    const stale: string[] = [];
    for (let round = 0; round < 5; round++) {
      const file = await makeFile(root, 'file');
      await root.encode(`file${round}`, `${place}/file`);
      const opened = await root.open(place, O.RDONLY | O.DIRECTORY);
      await root.must(`call ${nr.dup2} ${opened} 200`);
      await root.must(`call ${nr.close} ${opened}`);
      expect(await target.openAndDescribe(200, `file${round}`, O.RDONLY)).toMatchObject(file);
      for (const old of stale) expect(await target.openHandle(200, old, O.RDONLY)).toBe('ESTALE');
      stale.push(`file${round}`);
      await root.must(`call ${nr.umount2} s:${place} ${MNT_DETACH}`);
      await mountTmpfs(root);
    }
    expect(await scene.requests(target, 15)).toHaveLength(15);
  });

  test('a target that is quiet can unmount what it opened files on', async () => {
    const target = scene.target();
    await leaveNamespace(target);
    await mountTmpfs(target);
    const root = await target.newThread(1);
    await scene.confine(target);
    const file = await makeFile(root, 'file');
    await root.encode('file', `${place}/file`);
    const mount = await root.open(place, O.RDONLY | O.DIRECTORY);
    await root.must(`call ${nr.dup2} ${mount} 200`);
    await root.must(`call ${nr.close} ${mount}`);
    expect(await target.openAndDescribe(200, 'file', O.RDONLY)).toMatchObject(file);
    await root.must(`call ${nr.close} 200`);
    const unmount = (): Promise<number | string> => root.call(nr.umount2, `s:${place}`, 0);
    // For a moment the agent keeps it for the next call.
    expect(await unmount()).toBe('EBUSY');
    await expect.poll(unmount, { timeout: 15_000, interval: 250 }).toBe(0);
  });

  test('the id of a mount that is gone says nothing of the mount that has it now', async () => {
    const target = scene.target();
    await leaveNamespace(target);
    await mountTmpfs(target);
    await makeFile(target, 'file');
    await target.encode('file', `${place}/file`);
    const root = await target.newThread(1);
    await scene.confine(target);
    const put = async (): Promise<void> => {
      const opened = await root.open(place, O.RDONLY | O.DIRECTORY);
      await root.must(`call ${nr.dup2} ${opened} 200`);
      await root.must(`call ${nr.close} ${opened}`);
    };
    const unmount = (): Promise<number> => root.must(`call ${nr.umount2} s:${place} ${MNT_DETACH}`);
    await put();
    expect(await target.openHandle(200, 'file', O.RDONLY)).toEqual(anyDescriptor);
    // Ids are used again, lowest first; this row has each of them meet both types.
    const types = ['tmpfs', 'ramfs', 'ramfs', 'tmpfs', 'ramfs', 'ramfs', 'tmpfs', 'tmpfs', 'ramfs'];
    for (const type of types) {
      await unmount();
      await root.must(`call ${nr.mount} s:scene s:${place} s:${type} 0 s:mode=755`);
      await put();
      expect(await target.openHandle(200, 'file', O.RDONLY)).toBe(type === 'tmpfs' ? 'ESTALE' : 'EPERM');
    }
    const reasons = (await scene.requests(target, 10)).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === 'DEPUTY_E_REFUSED_FILESYSTEM')).toHaveLength(5);
  });
});

describeWhen(missingForKernel(), "the kernel's own file systems, which a policy lists all the same", () => {
  const listed = ['pidfs', 'nsfs', 'proc', 'sysfs', 'cgroup', 'cgroup2'];
  const scene = makeScene({ dac: 'capability', filesystems: listed });

  test('are refused, and so are their handles', async () => {
    const target = scene.target();
    const pidfd = await target.must(`call ${nr.pidfd_open} ${process.pid} 0`);
    await target.encode('process', '', pidfd, AT_EMPTY_PATH);
    const namespace = await target.open('/proc/self/ns/net');
    await target.encode('namespace', '', namespace, AT_EMPTY_PATH);
    await target.encode('own', 'own');
    // Those of cgroups and of sysfs are good handles of theirs.
    const mounts = readFileSync('/proc/self/mounts', 'utf8');
    const places = listed.flatMap((type) => new RegExp(`^\\S+ (\\S+) ${type} `, 'm').exec(mounts)?.[1] ?? []);
    expect(places).toContain('/proc');
    const directories: number[] = [];
    for (const path of places) directories.push(await target.open(path, O.RDONLY | O.DIRECTORY));
    for (const [index, directory] of directories.entries()) {
      await target.encode(`root${index}`, '', directory, AT_EMPTY_PATH);
    }
    await scene.confine(target);
    expect(await target.openHandle(pidfd, 'process', O.RDONLY)).toBe('EPERM');
    expect(await target.openHandle(namespace, 'namespace', O.RDONLY)).toBe('EPERM');
    for (const [index, directory] of directories.entries()) {
      for (const flags of [O.RDONLY, O.PATH]) {
        expect(await target.openHandle(directory, 'own', flags), places[index]).toBe('EPERM');
        expect(await target.openHandle(directory, `root${index}`, flags), places[index]).toBe('EPERM');
      }
    }
    const requests = await scene.requests(target, 2 + 4 * directories.length);
    const reasons = new Set(requests.slice(2).map(({ reason }) => reason));
    expect([...reasons]).toEqual(['DEPUTY_E_REFUSED_FILESYSTEM']);
  });
});
