import { errnoNumbers } from '../../core/errors/errno.js';
import { fileType, type KernelAbi, type MountEntry, type RequestKernel } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import type { MemoryAnswer, MemoryFile, MemoryThread, MemoryWorld } from './memory-world.js';

const O_ACCMODE = 3;
const O_PATH = 0o10000000;
const O_DIRECTORY = 0o200000;
const O_CLOEXEC = 0o2000000;
const O_TRUNC = 0o1000;
const W_OK = 2;
const R_OK = 4;
const handleBytes = 8;
const no = (name: keyof typeof errnoNumbers): number => -errnoNumbers[name];

/** What the injector was asked for: to bring a descriptor, to take one away again, or only to tell. */
export interface MemoryInjection {
  readonly record: RequestRecord;
  readonly descriptor: number;
  readonly withdraw?: number;
  readonly query?: boolean;
}

/** A small kernel in memory behind the port that handlers use: no native code, no clock, any system. */
export class MemoryKernel implements RequestKernel {
  readonly abi: KernelAbi = {
    auditArchitecture: 0xc000003e,
    foreignSyscallBit: 0x40000000,
    openByHandleAt: 304,
    nameToHandleAt: 303,
    O_DIRECTORY,
    O_NOFOLLOW: 0o400000,
  };
  /** Requests handed to the injector, for the test to complete. */
  readonly injections: MemoryInjection[] = [];
  private identity: number | undefined;

  constructor(private readonly world: MemoryWorld) {}

  identifyThread(record: RequestRecord): number {
    const thread = this.world.threads.get(record.threadId);
    if (thread?.alive !== true) return no('ESRCH');
    record.thread = thread;
    return 0;
  }

  checkNotification(record: RequestRecord): number {
    return this.world.notifications.get(record.notificationId)?.state === 'sent' ? 0 : no('ENOENT');
  }

  readHandle(record: RequestRecord, register: number): number {
    const bytes = this.thread(record).memory.get(record.argumentNumber(register));
    if (bytes === undefined || record.argumentIsWild(register)) return no('EFAULT');
    const count = Math.min(bytes.length, 136);
    record.views.u8.set(bytes.subarray(0, count), record.base + offset.handle);
    return count;
  }

  readPath(record: RequestRecord, register: number): number {
    const path = this.thread(record).paths.get(record.argumentNumber(register));
    if (path === undefined) return no('EFAULT');
    record.path = path;
    return path.length;
  }

  findMount(record: RequestRecord, descriptor: number): number {
    const held = this.thread(record).descriptors.get(descriptor);
    if (held === undefined || held.pathOnly === true) return no('EBADF');
    const mount = this.world.mounts.get(held.mountId);
    if (mount === undefined) return no('ENXIO');
    record.mount = mount;
    record.setF64(offset.mountId, mount.mountId);
    return 0;
  }

  locateMount(record: RequestRecord, descriptor: number): number {
    const file = this.world.held.get(descriptor)?.file;
    if (file === undefined) return no('EBADF');
    const mount = this.world.mounts.get(file.mountId);
    if (mount === undefined) return no('ENXIO');
    record.mount = mount;
    record.setF64(offset.mountId, mount.mountId);
    return file.type;
  }

  openMount(record: RequestRecord): number {
    const mount = record.mount as MountEntry;
    mount.fileSystemId ??= `${mount.fileSystemType}:${mount.mountId}`;
    return 0;
  }

  checkMountRoot(record: RequestRecord): number {
    return (record.mount as MountEntry).root === '/' ? 1 : 0;
  }

  assumeIdentity(record: RequestRecord): number {
    this.identity = this.thread(record).user;
    return 0;
  }

  openByHandle(record: RequestRecord, flags: number): number {
    const inode = record.u32(offset.handleData);
    const file = this.world.findByHandle(inode, record.u32(offset.handleData + 4));
    const mount = record.mount as { mountId: number };
    if (file === undefined || file.mountId !== mount.mountId) return no('ESTALE');
    if ((flags & O_DIRECTORY) !== 0 && file.type !== fileType.directory) return no('ENOTDIR');
    if ((flags & O_PATH) !== 0) return this.world.hold(file, true);
    if (file.type === fileType.directory && (flags & O_ACCMODE) !== 0) return no('EISDIR');
    if ((flags & O_ACCMODE) !== 0 && !this.may(file, W_OK)) return no('EACCES');
    if ((flags & O_TRUNC) !== 0) this.world.change(file);
    return this.world.hold(file, false, flags & ~(O_CLOEXEC | O_TRUNC));
  }

  describeFile(_record: RequestRecord, descriptor: number): number {
    return this.world.held.get(descriptor)?.file.type ?? no('EBADF');
  }

  fingerprintFile(_record: RequestRecord, descriptor: number): number {
    const file = this.world.held.get(descriptor)?.file;
    return file === undefined ? no('EBADF') : 1 + this.world.changesOf(file);
  }

  checkAccess(_record: RequestRecord, descriptor: number, mode: number): number {
    const held = this.world.held.get(descriptor);
    if (held === undefined) return no('EBADF');
    return this.may(held.file, mode) ? 0 : no('EACCES');
  }

  closeDescriptor(descriptor: number): number {
    if (!this.world.held.delete(descriptor)) throw new Error(`descriptor ${descriptor} was closed twice`);
    return 0;
  }

  openPath(record: RequestRecord): number {
    const file = this.world.files.get(record.path);
    return file === undefined ? no('ENOENT') : this.world.hold(file, true);
  }

  encodeHandle(record: RequestRecord, descriptor: number): number {
    const file = this.world.held.get(descriptor)?.file;
    if (file === undefined) return no('EBADF');
    const room = record.u32(offset.handleBytes);
    const needed = Math.max(handleBytes, file.handleBytes ?? 0);
    record.setU32(offset.handleBytes, needed);
    record.setI32(offset.handleType, room < needed ? 0xff : 1);
    if (room < needed) return no('EOVERFLOW');
    const at = record.base + offset.handleData;
    record.views.u8.fill(0, at + handleBytes, at + needed);
    record.setU32(offset.handleData, file.inode);
    record.setU32(offset.handleData + 4, file.generation);
    return 0;
  }

  writeHandle(record: RequestRecord, register: number, bytes: number): number {
    const at = record.base + offset.handle;
    return this.write(record, register, record.views.u8.slice(at, at + 8 + bytes));
  }

  writeMountId(record: RequestRecord, register: number, unique: boolean): number {
    return this.write(record, register, new Uint8Array(unique ? 8 : 4));
  }

  addDescriptor(record: RequestRecord, descriptor: number): number {
    const held = this.world.held.get(descriptor);
    // The kernel takes the source with fget(), which knows no O_PATH descriptors.
    if (held === undefined || held.pathOnly) return no('EBADF');
    if (this.checkNotification(record) < 0) return no('ENOENT');
    const thread = this.thread(record);
    const number = lowestFree(thread);
    if (number >= thread.descriptorLimit) return no('EMFILE');
    thread.descriptors.set(number, { mountId: held.file.mountId, open: held });
    return number;
  }

  setStatusFlags(descriptor: number, flags: number): number {
    const held = this.world.held.get(descriptor);
    if (held === undefined) return no('EBADF');
    // F_SETFL ignores what only an open heeds (fcntl(2)).
    held.statusFlags = flags & ~O_TRUNC;
    return 0;
  }

  adoptDescriptor(record: RequestRecord, descriptor: number, flags: number, mark: number): number {
    const source = this.world.held.get(descriptor);
    for (const [number, { open }] of this.thread(record).descriptors) {
      if (open === undefined || open.file !== source?.file) continue;
      const known = record.i32(offset.addedNumber) - 1;
      const isMarked = mark !== 0 && open.statusFlags === ((flags & ~O_TRUNC) | mark);
      if (known >= 0 ? number !== known : !isMarked) continue;
      this.world.held.set(descriptor, open);
      return number;
    }
    return no('ENOENT');
  }

  withdrawDescriptor(record: RequestRecord, descriptor: number, number: number): number {
    this.injections.push({ record, descriptor, withdraw: number });
    return 0;
  }

  answerValue(record: RequestRecord, value: number, errno: number): number {
    return this.reply(record, errno === 0 ? { kind: 'value', value } : { kind: 'errno', value: errno });
  }

  answerContinue(record: RequestRecord): number {
    return this.reply(record, { kind: 'continue', value: 0 });
  }

  injectDescriptor(record: RequestRecord, descriptor: number): number {
    this.injections.push({ record, descriptor });
    return 0;
  }

  queryInjection(record: RequestRecord): number {
    this.injections.push({ record, descriptor: -1, query: true });
    return 0;
  }

  private thread(record: RequestRecord): MemoryThread {
    if (record.thread === undefined)
      throw new Error(`thread ${record.threadId} is used before it is identified`);
    return record.thread as MemoryThread;
  }

  private may(file: MemoryFile, mode: number): boolean {
    if (this.identity === undefined) throw new Error('access is checked before an identity is assumed');
    const bits = file.ownerUser === this.identity ? file.mode >> 6 : file.mode;
    return (bits & mode & (R_OK | W_OK)) === (mode & (R_OK | W_OK));
  }

  private write(record: RequestRecord, register: number, bytes: Uint8Array): number {
    if (this.checkNotification(record) < 0) return no('ENOENT');
    const thread = this.thread(record);
    const address = record.argumentNumber(register);
    const memory = thread.memory.get(address);
    if (memory === undefined || bytes.length > memory.length) return no('EFAULT');
    // A successor that reads there again finds it.
    thread.memory.set(address, Uint8Array.from([...bytes, ...memory.subarray(bytes.length)]));
    thread.written.set(address, bytes);
    return 0;
  }

  private reply(record: RequestRecord, answer: MemoryAnswer): number {
    const notification = this.world.notifications.get(record.notificationId);
    if (notification === undefined || notification.state === 'cancelled') return no('ENOENT');
    if (notification.state === 'replied') return no('EINPROGRESS');
    notification.state = 'replied';
    notification.answer = answer;
    return 0;
  }
}

function lowestFree(thread: MemoryThread): number {
  let number = 0;
  while (thread.descriptors.has(number)) number++;
  return number;
}
