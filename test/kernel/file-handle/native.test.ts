import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { attachMount, idmappedMount } from '../../../adapters/file-handle/index.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { eventOf } from '../support/request-events.js';
import { makeScene } from '../support/scene.js';
import { targetId } from '../support/share.js';
import type { TrapTarget } from '../support/trap-target.js';
import { AT_FDCWD, nr, O } from '../support/trap-thread.js';

const CLONE_NEWUSER_AND_NEWNS = 0x10020000;
const base = 100_000;
const range = 65_536;
const anyDescriptor = expect.any(Number);
const directoryFlags = O.RDONLY | O.DIRECTORY | O.CLOEXEC;
const nativeWord = 'directories=native';

describeWhen(missingForKernel(), 'the file-handle strategy', () => {
  const scene = makeScene({ confinement: 'sealed' }, { arguments: ['--allow-user', `${base}`] });
  const endings: (() => unknown)[] = [];
  afterEach(() => {
    for (const end of endings.splice(0).reverse()) end();
  });

  /** A process in a user and a mount namespace of its own, of whose ids it is root. */
  async function namespaced(...buffers: string[]): Promise<TrapTarget> {
    // A host's owner of the socket would be root; whoever starts a container without root is another.
    chownSync(scene.agent.socketPath, base, base);
    const target = scene.target();
    for (const name of buffers) await target.must(`alloc ${name} 4096`);
    await target.must(`call ${nr.unshare} ${CLONE_NEWUSER_AND_NEWNS}`);
    writeFileSync(`/proc/${target.pid}/uid_map`, `0 ${base} ${range}`);
    writeFileSync(`/proc/${target.pid}/gid_map`, `0 ${base} ${range}`);
    await target.must(`call 119 0 0 0`);
    await target.must(`call ${nr.setresuid} 0 0 0`);
    return target;
  }

  /** A tmpfs of the host's, with files of a user that no container maps. */
  function foreignShare(): string {
    const directory = mkdtempSync(join(tmpdir(), 'deputy-native-'));
    endings.push(() => rmSync(directory, { recursive: true, force: true }));
    chmodSync(directory, 0o755);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', 'foreign', directory]);
    expect(mounted.status).toBe(0);
    endings.push(() => spawnSync('umount', ['-l', directory]));
    const make = `mkdir -p share/folder/deep beside && printf 'contents of own' > share/own && mkdir at
      chown -R ${targetId}:${targetId} share beside`;
    expect(spawnSync('sh', ['-ec', make], { cwd: directory }).status).toBe(0);
    return directory;
  }

  /** A target that was given such a share by an idmapped mount, and its filter with the agent. */
  async function served(
    ...buffers: string[]
  ): Promise<{ target: TrapTarget; directory: string; at: string }> {
    const directory = foreignShare();
    const at = join(directory, 'at');
    const target = await namespaced(...buffers);
    const mount = idmappedMount({ source: join(directory, 'share'), processId: target.pid });
    attachMount(mount, target.pid, at);
    closeSync(mount);
    // On the host nothing is to be seen of it.
    expect(spawnSync('ls', [at], { encoding: 'utf8' }).stdout).toBe('');
    await scene.confine(target, { flavour: 'native', staysRoot: true, says: { metadata: nativeWord } });
    return { target, directory, at };
  }

  test('directories are opened by the kernel, the rest by deputy, on an idmapped mount', async () => {
    const { target, directory, at } = await served('folder', 'deep', 'own', 'beside');
    const mountDescriptor = await target.open(at, O.RDONLY | O.DIRECTORY);
    expect(await target.encodeInto('folder', `${at}/folder`)).toBe(0);
    expect(await target.encodeInto('deep', `${at}/folder/deep`)).toBe(0);
    expect(await target.encodeInto('own', `${at}/own`)).toBe(0);
    expect(await target.encodeInto('beside', join(directory, 'beside'), AT_FDCWD)).toBe(0);
    const named = 4;
    // By the kernel: deputy never hears of them.
    for (const name of ['folder', 'deep']) {
      const opened = await target.openAndDescribe(mountDescriptor, name, directoryFlags);
      expect(opened).toMatchObject({ type: '40000' });
    }
    expect(await scene.requests(target, named)).toHaveLength(named);
    // Not checked: a seal that is none. Checked: where the directory is.
    const hex = await target.handleHex('folder');
    const last = hex.length / 2 - 1;
    const flipped = (Number.parseInt(hex.slice(-2), 16) ^ 1).toString(16).padStart(2, '0');
    await target.must(`put $folder+${last} ${flipped}`);
    expect(await target.openHandle(mountDescriptor, 'folder', directoryFlags)).toEqual(anyDescriptor);
    expect(await target.openHandle(mountDescriptor, 'beside', directoryFlags)).toBe('ESTALE');
    expect(await target.openHandle(mountDescriptor, 'own', directoryFlags)).toBe('ESTALE');
    // By deputy: without O_DIRECTORY the seal counts.
    expect(await target.openHandle(mountDescriptor, 'folder', O.RDONLY)).toBe('ESTALE');
    expect(await target.openHandle(mountDescriptor, 'deep', O.PATH)).toEqual(anyDescriptor);
    expect(await target.openAndDescribe(mountDescriptor, 'own', O.RDONLY)).toMatchObject({ type: '100000' });
    const requests = await scene.requests(target, named + 3);
    expect(requests.slice(named).map(({ syscall, type }) => `${syscall} ${type}`)).toEqual([
      'open_by_handle_at request.refused',
      'open_by_handle_at request.answered',
      'open_by_handle_at request.answered',
    ]);
  });

  test("'auto' takes it for such a filter, and says what isn't checked", async () => {
    const { target } = await served();
    await eventOf(scene.agent.stateDirectory, target.container, 'delegation.active');
    const of = (type: string) => eventOf(scene.agent.stateDirectory, target.container, type);
    const assessed = (await of('delegation.assessed'))?.data as {
      chosen: string;
      candidates: { strategy: string; possible: boolean; reasons: string[] }[];
    };
    expect(assessed.chosen).toBe('file-handle');
    const about = (name: string) => assessed.candidates.find(({ strategy }) => strategy === name);
    expect(about('seccomp-notify')).toMatchObject({ possible: false });
    expect(about('file-handle')?.reasons.join()).toContain('the seal: ');
  });

  test('with owners that are not mapped the kernel would refuse, and so does deputy', async () => {
    const target = await namespaced();
    await scene.confine(target, { flavour: 'native', staysRoot: true, says: { metadata: nativeWord } });
    const refused = await eventOf(scene.agent.stateDirectory, target.container, 'delegation.refused');
    expect(JSON.stringify(refused?.data)).toContain('its owner is not mapped in the container');
  });

  test('a target for which the kernel would refuse is refused, with the reason', async () => {
    const target = scene.target();
    await scene.confine(target, { flavour: 'native', staysRoot: true, says: { metadata: nativeWord } });
    const refused = await eventOf(scene.agent.stateDirectory, target.container, 'delegation.refused');
    expect(JSON.stringify(refused?.data)).toContain('it has no user namespace of its own');
    // Its later calls are told so, as those of any container that nobody serves.
    await target.must('alloc own 4096');
    expect(await target.encodeInto('own', 'own')).toBe('ENOSYS');
  });

  test('an idmapped mount that can not be is a coded error', async () => {
    const target = await namespaced();
    const code = 'DEPUTY_E_IDMAPPED_MOUNT';
    const make = (source: string, processId: number) => () => idmappedMount({ source, processId });
    expect(make('/nowhere', target.pid)).toThrow(expect.objectContaining({ code }));
    expect(make('/proc', target.pid)).toThrow(expect.objectContaining({ code }));
    // Ids of the initial namespace are those that are on disk already.
    expect(make(scene.share, process.pid)).toThrow(expect.objectContaining({ code }));
    const directory = foreignShare();
    mkdirSync(join(directory, 'other'));
    const mount = idmappedMount({ source: join(directory, 'share'), processId: target.pid });
    const attach = (path: string) => () => attachMount(mount, target.pid, path);
    expect(attach(join(directory, 'missing'))).toThrow(expect.objectContaining({ code }));
    spawnSync('ln', ['-s', 'other', join(directory, 'link')]);
    expect(attach(join(directory, 'link'))).toThrow(expect.objectContaining({ code }));
    closeSync(mount);
  });
});
