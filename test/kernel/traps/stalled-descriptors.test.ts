import { afterEach, expect, test } from 'vitest';
import { describeWhen } from '../../support/describe-when.js';
import { eventOf, eventsOf } from '../support/request-events.js';
import { makeScene, type Scene } from '../support/scene.js';
import { StalledFiles } from '../support/stalled-files.js';
import { missingForStall } from '../support/stalled-target.js';
import { TrapTarget } from '../support/trap-target.js';
import { AT_EMPTY_PATH, AT_FDCWD, nr, O } from '../support/trap-thread.js';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const MSG_DONTWAIT = 0x40;
const megabyte = 1 << 20;

/** A connected socket that can't get rid of what was sent: closing its last copy takes the linger time. */
async function lingeringSocket(target: TrapTarget): Promise<number> {
  const listening = await target.must(`call ${nr.socket} ${AF_INET} ${SOCK_STREAM} 0`);
  await target.must(`call ${nr.listen} ${listening} 1`);
  await target.must('alloc address 64');
  await target.must('put $address+32 10000000');
  await target.must(`call ${nr.getsockname} ${listening} $address $address+32`);
  const { hex } = await target.tell('get $address+2 2');
  await target.must(`put $address 0200${hex as string}7f000001`);
  const socket = await target.must(`call ${nr.socket} ${AF_INET} ${SOCK_STREAM} 0`);
  await target.must(`call ${nr.connect} ${socket} $address 16`);
  await target.must(`alloc bytes ${megabyte}`);
  const send = () => target.call(nr.sendto, socket, '$bytes', megabyte, MSG_DONTWAIT, 0, 0);
  for (let tries = 0; tries < 64 && (await send()) !== 'EAGAIN'; tries++);
  await target.must('put $address+32 01000000ffff0000');
  await target.must(`call ${nr.setsockopt} ${socket} ${SOL_SOCKET} ${SO_LINGER} $address+32 8`);
  return socket;
}

/** Descriptors whose file system answers nothing from the moment on that `stall` is called. */
function useStalledFiles(): { mount: () => Promise<StalledFiles> } {
  const mounted: StalledFiles[] = [];
  afterEach(async () => {
    await Promise.all(mounted.splice(0).map((files) => files.close()));
  });
  return {
    async mount() {
      const files = await StalledFiles.mount();
      mounted.push(files);
      return files;
    },
  };
}

const typesOf = async (scene: Scene, { container }: TrapTarget): Promise<string[]> =>
  (await eventsOf(scene.agent.stateDirectory, container)).map(({ type }) => type);

describeWhen(missingForStall(), 'descriptors that make whoever uses them wait', () => {
  const scene = makeScene();
  const stalled = useStalledFiles();

  test('are refused as mount_fd without being used, copied or closed', async () => {
    const files = await stalled.mount();
    const target = scene.target();
    await target.encode('own', 'own');
    const directory = await target.open(files.directory, O.RDONLY | O.DIRECTORY);
    const file = await target.open(`${files.directory}/page0`);
    const socket = await lingeringSocket(target);
    await target.must(`call ${nr.fchdir} ${directory}`);
    await files.stallAll();
    await scene.confine(target);
    for (const descriptor of [AT_FDCWD, directory, file, socket]) {
      for (const flags of [O.RDONLY, O.PATH]) {
        expect(await target.openHandle(descriptor, 'own', flags)).toBe('EPERM');
      }
    }
    const reasons = (await scene.requests(target, 8)).map(({ reason }) => reason);
    expect(reasons.slice(0, 6)).toEqual(Array(6).fill('DEPUTY_E_REFUSED_FILESYSTEM'));
    // Sockets are on no mount of the namespace.
    expect(reasons.slice(6)).toEqual(Array(2).fill('DEPUTY_E_REFUSED_MOUNT_NOT_SHARED'));
    expect(await typesOf(scene, target)).not.toContain('delegation.quarantined');
  });

  test('have their handles encoded as natively, without a question to their file system', async () => {
    const files = await stalled.mount();
    const native = TrapTarget.start(scene.share);
    const target = scene.target();
    for (const one of [native, target]) await one.must('alloc handle 4096');
    const directory = await target.open(files.directory, O.RDONLY | O.DIRECTORY);
    const nativeDirectory = await native.open(files.directory, O.RDONLY | O.DIRECTORY);
    await files.stallAll();
    await scene.confine(target);
    const expected = await native.encodeInto('handle', '', nativeDirectory, AT_EMPTY_PATH);
    expect(await target.encodeInto('handle', '', directory, AT_EMPTY_PATH)).toBe(expected);
    expect(await target.handleHex('handle')).toBe(await native.handleHex('handle'));
    expect(await typesOf(scene, target)).not.toContain('delegation.quarantined');
    await native.end();
  });
});

describeWhen(missingForStall(), 'a stalled file system that the policy lists', () => {
  const scene = makeScene({ filesystems: ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay', 'fuse'] });
  const stalled = useStalledFiles();

  test('keeps the loop of its target only, by mount_fd and by path', async () => {
    const other = scene.target();
    const mount = await other.open('.', O.RDONLY | O.DIRECTORY);
    await other.encode('own', 'own');
    await scene.confine(other);
    const right = await other.openAndDescribe(mount, 'own', O.RDONLY);
    const targets: { target: TrapTarget; files: StalledFiles; descriptor: number }[] = [];
    for (let count = 0; count < 2; count++) {
      const files = await stalled.mount();
      const target = scene.target();
      await target.encode('own', 'own');
      const descriptor = await target.open(files.directory, O.RDONLY | O.DIRECTORY);
      await files.stallAll();
      await scene.confine(target);
      targets.push({ target, files, descriptor });
    }
    const calls = [
      (descriptor: number) => `call ${nr.open_by_handle_at} ${descriptor} $own 0`,
      (descriptor: number) => `call ${nr.name_to_handle_at} ${descriptor} s:page5 $own $own+2048 0`,
    ];
    const threads = [];
    for (const [index, { target, descriptor }] of targets.entries()) {
      const thread = await target.newThread(1);
      await thread.begin(calls[index]?.(descriptor) as string);
      threads.push(thread);
      const type = 'delegation.quarantined';
      expect(await eventOf(scene.agent.stateDirectory, target.container, type)).toBeDefined();
      expect(await other.openAndDescribe(mount, 'own', O.RDONLY)).toEqual(right);
    }
    // Only the end of the file system ends such a call.
    for (const { files } of targets) await files.stop();
    expect(await threads[0]?.wait()).toBe('EPERM');
    expect(await threads[1]?.wait()).toBe('ECONNABORTED');
    const [request] = await scene.requests(targets[0]?.target as TrapTarget, 1);
    expect(request?.reason).toBe('DEPUTY_E_REFUSED_MOUNT_UNREACHABLE');
  });
});
