import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { makeScene } from '../support/scene.js';
import { TrapTarget } from '../support/trap-target.js';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, nr, O, type Result } from '../support/trap-thread.js';

/** A path given to name_to_handle_at; `directory` is AT_FDCWD or the root directory's descriptor. */
interface PathCase {
  readonly path: string;
  readonly follow?: boolean;
  readonly directory?: 'root';
}

/** Seen from within a chroot whose root is `jail`; the working directory is /folder. */
const pathCases: readonly PathCase[] = [
  { path: 'inner' },
  { path: '../etc/hostname' },
  { path: '../../../../etc/hostname' },
  { path: '../../../../etc/only-outside' },
  { path: '/etc/hostname' },
  { path: '/etc/only-outside' },
  { path: '/../../etc/only-outside' },
  { path: '/absolute', follow: true },
  { path: '/absolute' },
  { path: '/outside', follow: true },
  { path: '/outside' },
  { path: '/climbing', follow: true },
  { path: 'etc/hostname', directory: 'root' },
  { path: '../../etc/hostname', directory: 'root' },
  { path: '../etc/only-outside', directory: 'root' },
  { path: '/closed/inner' },
  { path: '/closed' },
  { path: '../closed/inner' },
  { path: '/through-closed', follow: true },
  { path: '/file/inner' },
  { path: '/loop', follow: true },
  { path: '.' },
  { path: '..' },
  { path: '../..' },
];

const title = ({ path, follow, directory }: PathCase): string =>
  `${path}${follow ? ', followed' : ''}${directory ? ', from the root' : ''}`;

describeWhen(missingForKernel(), 'paths of name_to_handle_at, from within a chroot', () => {
  const scene = makeScene();
  let place: string;
  let jail: string;

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'deputy-paths-'));
    jail = join(place, 'jail');
    const script = `
      set -e; chmod 755 . && mkdir -p etc jail/etc jail/folder jail/closed jail/proc
      echo outside > etc/hostname && echo outside > etc/only-outside && echo inside > jail/etc/hostname
      touch jail/folder/inner jail/closed/inner jail/file && chmod 700 jail/closed
      ln -s /etc/hostname jail/absolute && ln -s ${place}/etc/only-outside jail/outside
      ln -s ../../../etc/hostname jail/climbing && ln -s /closed/inner jail/through-closed
      ln -s loop jail/loop
      ln -s /proc/self/root/etc/hostname jail/magic && mount -t proc proc jail/proc`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: place, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => {
    spawnSync('umount', [join(jail, 'proc')]);
    rmSync(place, { recursive: true, force: true });
  });

  async function enterJail(target: TrapTarget): Promise<number> {
    const root = await target.open(jail, O.RDONLY | O.DIRECTORY);
    await target.must(`call ${nr.chroot} s:${jail}`);
    await target.must(`call ${nr.chdir} s:/folder`);
    await target.must('alloc handle 4096');
    return root;
  }

  /** The agent's socket is outside of the jail: it is reached through a descriptor of its directory. */
  async function enterJailWithAgent(target: TrapTarget): Promise<{ root: number; socketPath: string }> {
    const { socketPath } = scene.agent;
    const outside = await target.open(dirname(socketPath), O.RDONLY | O.DIRECTORY);
    const root = await enterJail(target);
    return { root, socketPath: `/proc/self/fd/${outside}/${basename(socketPath)}` };
  }

  /** The handle, or the errno: without any capability, since the call needs none. */
  async function ask(target: TrapTarget, root: number, one: PathCase): Promise<Result> {
    const directory = one.directory === 'root' ? root : AT_FDCWD;
    const flags = one.follow ? AT_SYMLINK_FOLLOW : 0;
    const result = await target.encodeInto('handle', one.path, directory, flags);
    return typeof result === 'string' ? result : target.handleHex('handle');
  }

  test('each path names what it names for the target itself', async () => {
    const native = TrapTarget.start(jail);
    const nativeRoot = await enterJail(native);
    await native.confine({ capabilities: '0' });
    const target = scene.target();
    const { root, socketPath } = await enterJailWithAgent(target);
    await scene.confine(target, { socketPath });
    const expected: string[] = [];
    const got: string[] = [];
    for (const one of pathCases) {
      expected.push(`${title(one)}: ${await ask(native, nativeRoot, one)}`);
      got.push(`${title(one)}: ${await ask(target, root, one)}`);
    }
    await native.end();
    expect(got).toEqual(expected);
    expect(got).toContain('../../../../etc/only-outside: ENOENT');
    expect(got).toContain('/closed/inner: EACCES');
    expect(await scene.requests(target, pathCases.length)).toHaveLength(pathCases.length);
  });

  test('magic links lead nowhere, be they in the path or behind a symlink', async () => {
    const target = scene.target();
    await target.must('alloc handle 4096');
    const { socketPath } = await enterJailWithAgent(target);
    await scene.confine(target, { socketPath });
    for (const path of [
      '/proc/self/root/etc/hostname',
      '/proc/self/cwd',
      '/proc/thread-self/fd/3',
      '/magic',
    ]) {
      expect(await target.encodeInto('handle', path, AT_FDCWD, AT_SYMLINK_FOLLOW), path).toBe('ELOOP');
    }
  });

  test('a directory outside of the root leads no further than the kernel lets it, and never succeeds', async () => {
    const target = scene.target();
    const outside = await target.open(place, O.RDONLY | O.DIRECTORY);
    const { socketPath } = await enterJailWithAgent(target);
    await scene.confine(target, { socketPath });
    expect(await target.encodeInto('handle', '../../../etc/passwd', outside)).not.toBe(0);
    // The descriptor itself is the target's, and what is below it too.
    expect(await target.encodeInto('handle', '', outside, AT_EMPTY_PATH)).toBe(0);
    expect(await target.encodeInto('handle', 'etc/only-outside', outside)).toBe(0);
  });
});
