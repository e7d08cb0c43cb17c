import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errnoNumbers } from '../../core/errors/errno.js';
import { fileType, type MountEntry, type RequestKernel } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';

/** Files that every fixture has; `gone` is a handle of none. */
export type FileName = 'own' | 'secret' | 'folder' | 'link' | 'fifo' | 'gone';

/** A call of a target that uid 107 makes: of open_by_handle_at, or of name_to_handle_at when it has a path. */
export interface CallOptions {
  readonly file?: FileName;
  readonly path?: string;
  /** The pointer to the handle leads nowhere. */
  readonly badPointer?: boolean;
  readonly mount?: 'share' | 'closed' | 'path-only' | 'negative';
}

/** A call that was received and waits for its answer. */
export interface ReceivedCall {
  readonly record: RequestRecord;
  /** The number that the target's table will give next. */
  readonly lowestFree: number;
  /** What the target's call returned: a value, or the errno's name. */
  answer(): Promise<number | string>;
  /** The target dies. */
  giveUp(): Promise<void>;
  /** The status flags (F_GETFL) of a descriptor of the target, without O_LARGEFILE and O_CLOEXEC. */
  statusFlags(number: number): number;
}

export interface KernelFixture {
  readonly kernel: RequestKernel;
  call(options?: CallOptions): Promise<ReceivedCall>;
  /** Descriptors that the kernel's user holds now. */
  heldDescriptors(): number;
  cleanUp(): Promise<void>;
}

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_APPEND = 0o2000;
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;
const R_OK = 4;
const W_OK = 2;
const register = { mount: 0, handle: 1, path: 1, namedHandle: 2, mountId: 3 } as const;
const no = (name: keyof typeof errnoNumbers): number => -errnoNumbers[name];

/** What the Linux kernel and every model of it do behind the port. */
export function requestKernelSuite(open: () => Promise<KernelFixture>): void {
  let fixture: KernelFixture;
  let kernel: RequestKernel;
  beforeAll(async () => {
    fixture = await open();
    kernel = fixture.kernel;
  }, 60_000);
  afterAll(() => fixture.cleanUp());

  /** A call up to the point at which files are opened. */
  async function prepared(options: CallOptions = {}): Promise<ReceivedCall> {
    const call = await fixture.call(options);
    const { record } = call;
    expect(kernel.identifyThread(record)).toBe(0);
    expect(kernel.readHandle(record, register.handle)).toBeGreaterThanOrEqual(8);
    expect(kernel.checkNotification(record)).toBe(0);
    expect(kernel.findMount(record, record.argumentInt(register.mount))).toBe(0);
    expect(kernel.openMount(record)).toBe(0);
    expect(kernel.assumeIdentity(record)).toBe(0);
    return call;
  }

  /** Answers with an errno and sees it arrive. */
  async function dismiss(call: ReceivedCall): Promise<void> {
    expect(kernel.answerValue(call.record, 0, errnoNumbers.EXDEV)).toBe(0);
    expect(await call.answer()).toBe('EXDEV');
  }

  describe('who calls, and with what', () => {
    test('a thread is known by its number; one that is not there is ESRCH', async () => {
      const call = await fixture.call();
      const { threadId } = call.record;
      call.record.setU32(offset.threadId, 0x3fffff);
      expect(kernel.identifyThread(call.record)).toBe(no('ESRCH'));
      call.record.setU32(offset.threadId, threadId);
      expect(kernel.identifyThread(call.record)).toBe(0);
      await dismiss(call);
    });

    test('the handle is copied as it is; a pointer that leads nowhere is EFAULT', async () => {
      const call = await prepared();
      expect(call.record.u32(offset.handleBytes)).toBeGreaterThanOrEqual(8);
      await dismiss(call);
      const bad = await fixture.call({ badPointer: true });
      expect(kernel.identifyThread(bad.record)).toBe(0);
      expect(kernel.readHandle(bad.record, register.handle)).toBe(no('EFAULT'));
      await dismiss(bad);
    });

    test('a call that was given up is ENOENT, whatever is tried', async () => {
      const call = await prepared();
      const source = kernel.openByHandle(call.record, O_RDONLY);
      await call.giveUp();
      expect(kernel.checkNotification(call.record)).toBe(no('ENOENT'));
      expect(kernel.addDescriptor(call.record, source, false)).toBe(no('ENOENT'));
      expect(kernel.answerValue(call.record, 0, 0)).toBe(no('ENOENT'));
      expect(kernel.closeDescriptor(source)).toBe(0);
    });
  });

  describe('the mount', () => {
    test("of the caller's descriptor, with what the policy asks of it", async () => {
      const call = await prepared();
      const mount = call.record.mount as MountEntry;
      expect(mount.fileSystemType).toMatch(/^(ext4|xfs|btrfs|tmpfs|overlay)$/);
      expect(mount.mountPoint).toMatch(/^\//);
      expect(call.record.f64(offset.mountId)).toBe(mount.mountId);
      expect(kernel.openMount(call.record)).toBe(0);
      await dismiss(call);
    });

    test.each(['closed', 'path-only', 'negative'] as const)(
      'a descriptor that is %s: EBADF',
      async (mount) => {
        const call = await fixture.call({ mount });
        expect(kernel.identifyThread(call.record)).toBe(0);
        expect(kernel.findMount(call.record, call.record.argumentInt(register.mount))).toBe(no('EBADF'));
        await dismiss(call);
      },
    );
  });

  describe('the mount of a file of deputy’s own', () => {
    test.each([
      ['own', fileType.regular],
      ['folder', fileType.directory],
      ['link', fileType.symlink],
    ] as const)('%s: it and its type, and it can be opened through it', async (path, type) => {
      const call = await fixture.call({ path });
      const { record } = call;
      expect(kernel.identifyThread(record)).toBe(0);
      expect(kernel.readPath(record, register.path)).toBe(path.length);
      expect(kernel.readHandle(record, register.namedHandle)).toBeGreaterThanOrEqual(8);
      kernel.assumeIdentity(record);
      const opened = kernel.openPath(record, record.argumentInt(register.mount), false);
      expect(kernel.locateMount(record, opened)).toBe(type);
      const mount = record.mount as MountEntry;
      expect(mount.mountPoint).toMatch(/^\//);
      expect(kernel.openMount(record, opened)).toBe(0);
      expect(mount.fileSystemId).toMatch(/^(ext4|xfs|btrfs|tmpfs|overlay):/);
      const { fileSystemId } = mount;
      // Found by the target's descriptor it is the same one.
      expect(kernel.findMount(record, record.argumentInt(register.mount))).toBe(0);
      expect(kernel.openMount(record)).toBe(0);
      expect(record.mount).toMatchObject({ mountId: mount.mountId, fileSystemId });
      expect(kernel.checkMountRoot(record)).toBe(mount.root === '/' ? 1 : 0);
      expect(kernel.closeDescriptor(opened)).toBe(0);
      expect(kernel.locateMount(record, opened)).toBe(no('EBADF'));
      await dismiss(call);
    });
  });

  describe('opening', () => {
    test.each([
      ['own', fileType.regular],
      ['folder', fileType.directory],
      ['link', fileType.symlink],
      ['fifo', fileType.fifo],
    ] as const)('%s by O_PATH, and its type', async (file, type) => {
      const before = fixture.heldDescriptors();
      const call = await prepared({ file });
      const opened = kernel.openByHandle(call.record, O_PATH);
      expect(opened).toBeGreaterThanOrEqual(0);
      expect(kernel.describeFile(call.record, opened)).toBe(type);
      expect(kernel.closeDescriptor(opened)).toBe(0);
      expect(kernel.describeFile(call.record, opened)).toBe(no('EBADF'));
      await dismiss(call);
      expect(fixture.heldDescriptors()).toBeLessThanOrEqual(before + 4);
    });

    test.each([
      ['gone', O_PATH, 'ESTALE'],
      ['own', O_PATH | O_DIRECTORY, 'ENOTDIR'],
      ['folder', O_WRONLY, 'EISDIR'],
      ['secret', O_WRONLY, 'EACCES'],
    ] as const)('%s with flags %o: %s', async (file, flags, errno) => {
      const call = await prepared({ file });
      expect(kernel.openByHandle(call.record, flags)).toBe(no(errno));
      await dismiss(call);
    });

    test("access is the caller's own", async () => {
      const own = await prepared({ file: 'own' });
      const opened = kernel.openByHandle(own.record, O_PATH);
      expect(kernel.checkAccess(own.record, opened, R_OK | W_OK)).toBe(0);
      kernel.closeDescriptor(opened);
      await dismiss(own);
      const secret = await prepared({ file: 'secret' });
      const closed = kernel.openByHandle(secret.record, O_PATH);
      expect(kernel.checkAccess(secret.record, closed, R_OK)).toBe(no('EACCES'));
      kernel.closeDescriptor(closed);
      await dismiss(secret);
    });
  });

  describe('answering', () => {
    test('a value, an errno; and only once', async () => {
      const call = await prepared();
      expect(kernel.answerValue(call.record, 41, 0)).toBe(0);
      expect(await call.answer()).toBe(41);
      expect(kernel.answerValue(call.record, 42, 0)).toBeLessThan(0);
      expect(kernel.checkNotification(call.record)).toBe(no('ENOENT'));
    });

    test('a descriptor: added at the lowest number, then its number told', async () => {
      const call = await prepared();
      const source = kernel.openByHandle(call.record, O_RDONLY | O_APPEND);
      const number = kernel.addDescriptor(call.record, source, true);
      expect(number).toBe(call.lowestFree);
      // It is one open file description, so that what is set here is set there.
      expect(call.statusFlags(number)).toBe(O_APPEND);
      expect(kernel.setStatusFlags(source, O_RDONLY)).toBe(0);
      expect(call.statusFlags(number)).toBe(O_RDONLY);
      expect(kernel.checkNotification(call.record)).toBe(0);
      expect(kernel.answerValue(call.record, number, 0)).toBe(0);
      expect(await call.answer()).toBe(number);
      expect(kernel.closeDescriptor(source)).toBe(0);
    });

    test('an O_PATH descriptor and a closed one can not be added: EBADF', async () => {
      const call = await prepared();
      const source = kernel.openByHandle(call.record, O_PATH);
      expect(kernel.addDescriptor(call.record, source, false)).toBe(no('EBADF'));
      expect(kernel.closeDescriptor(source)).toBe(0);
      expect(kernel.addDescriptor(call.record, source, false)).toBe(no('EBADF'));
      expect(kernel.setStatusFlags(source, 0)).toBe(no('EBADF'));
      await dismiss(call);
    });

    test('what an earlier try has added is found by its number, or by its mark', async () => {
      const call = await prepared();
      const { record } = call;
      const first = kernel.openByHandle(record, O_RDONLY | O_APPEND);
      expect(kernel.adoptDescriptor(record, first, O_RDONLY, O_APPEND)).toBe(no('ENOENT'));
      const number = kernel.addDescriptor(record, first, false);
      kernel.closeDescriptor(first);
      const second = kernel.openByHandle(record, O_RDONLY | O_APPEND);
      expect(kernel.adoptDescriptor(record, second, O_RDONLY, O_APPEND)).toBe(number);
      // Its mark stays, for a successor that finds no number in the record, either.
      expect(call.statusFlags(number)).toBe(O_RDONLY | O_APPEND);
      expect(kernel.adoptDescriptor(record, second, O_RDONLY, O_APPEND)).toBe(number);
      expect(kernel.setStatusFlags(second, O_RDONLY)).toBe(0);
      expect(call.statusFlags(number)).toBe(O_RDONLY);
      // Its mark is gone now, but the record has the number.
      expect(kernel.adoptDescriptor(record, second, O_RDONLY, O_APPEND)).toBe(no('ENOENT'));
      record.setI32(offset.addedNumber, number + 1);
      expect(kernel.adoptDescriptor(record, second, O_RDONLY, O_APPEND)).toBe(number);
      kernel.closeDescriptor(second);
      expect(kernel.answerValue(record, number, 0)).toBe(0);
      expect(await call.answer()).toBe(number);
    });
  });

  describe('name_to_handle_at', () => {
    test('a path is opened for the caller, encoded, and written to it', async () => {
      const call = await fixture.call({ path: 'own' });
      const { record } = call;
      expect(kernel.identifyThread(record)).toBe(0);
      expect(kernel.readPath(record, register.path)).toBe(3);
      expect(kernel.readHandle(record, register.namedHandle)).toBeGreaterThanOrEqual(8);
      kernel.assumeIdentity(record);
      const opened = kernel.openPath(record, record.argumentInt(register.mount), false);
      expect(opened).toBeGreaterThanOrEqual(0);
      record.setU32(offset.handleBytes, 0);
      expect(kernel.encodeHandle(record, opened, 0)).toBe(no('EOVERFLOW'));
      const needed = record.u32(offset.handleBytes);
      expect(needed).toBeGreaterThanOrEqual(8);
      expect(kernel.encodeHandle(record, opened, 0)).toBe(0);
      expect(kernel.writeHandle(record, register.namedHandle, needed)).toBe(0);
      expect(kernel.writeMountId(record, register.mountId, false)).toBe(0);
      expect(kernel.closeDescriptor(opened)).toBe(0);
      expect(kernel.answerValue(record, 0, 0)).toBe(0);
      expect(await call.answer()).toBe(0);
      // Nothing is written for a call that nobody waits in.
      expect(kernel.writeHandle(record, register.namedHandle, needed)).toBe(no('ENOENT'));
      expect(kernel.writeMountId(record, register.mountId, false)).toBe(no('ENOENT'));
    });

    test('a path that is not there is ENOENT', async () => {
      const call = await fixture.call({ path: 'missing' });
      expect(kernel.identifyThread(call.record)).toBe(0);
      expect(kernel.readPath(call.record, register.path)).toBe(7);
      kernel.assumeIdentity(call.record);
      const directory = call.record.argumentInt(register.mount);
      expect(kernel.openPath(call.record, directory, false)).toBe(no('ENOENT'));
      await dismiss(call);
    });
  });
}
