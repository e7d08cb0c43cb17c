import { deputyError } from '../../core/errors/deputy-error.js';
import type { RequestKernel } from '../../core/ports/kernel.js';
import type { RequestRecord } from '../../core/request/record.js';
import { offset } from '../../core/request/record-layout.js';
import { isWholeMount, type ModelFile, modelHandleBytes, modelHandleType } from '../kernel/file-tree.js';
import { ListenerEnd } from '../kernel/filter.js';
import { mayAccess } from '../kernel/native-handles.js';
import { AT_FDCWD, abi, flag, no } from '../kernel/numbers.js';
import { type OpenDescription, OpenFile } from '../kernel/open-description.js';
import { baseOf } from '../kernel/path-base.js';
import { walkPath } from '../kernel/path-walk.js';
import type { ModelProcess, ModelThread } from '../kernel/process.js';
import type { World } from '../world/world.js';
import { adoptDescriptor } from './adopt-descriptor.js';
import { checkOpen } from './check-open.js';
import type { InjectionPort } from './injection-port.js';
import type { LoopListener, LoopMount } from './loop-state.js';
import { encodeHandle, readHandle, readPath, writeHandle, writeMountId } from './target-memory.js';

const W_OK = 2;
const X_OK = 1;
/** What F_SETFL can change: O_APPEND, O_NONBLOCK, O_ASYNC, O_DIRECT, O_NOATIME (fcntl(2)). */
const settableFlags = 0o2000 | 0o4000 | 0o20000 | 0o40000 | 0o1000000;
/** What F_GETFL shows of an open's flags: those that there are (VALID_OPEN_FLAGS), but for its own alone. */
const shownFlags = 0o35776003;

/** The port of handlers over the modelled kernel, for one supervisor's loop. */
export class ModelRequestKernel implements RequestKernel {
  readonly abi = abi;
  private identity: { readonly user: number; readonly group: number } | undefined;
  /** Where encodeHandle() leaves the mount's id for writeMountId(). */
  protected mountId = 0;

  constructor(
    protected readonly world: World,
    protected readonly process: ModelProcess,
    private readonly injection: InjectionPort | undefined,
  ) {}

  identifyThread(record: RequestRecord): number {
    const thread = this.world.kernel.threads.get(record.threadId);
    if (thread === undefined) return no('ESRCH');
    const isTakenOver = record.u16(offset.formerStep) > 0;
    if (isTakenOver && thread.beganAtUs > record.f64(offset.receivedAtUs)) return no('ESRCH');
    record.thread = thread;
    return 0;
  }

  checkNotification(record: RequestRecord): number {
    return this.filterOf(record)?.check(record.notificationId) ?? no('EBADF');
  }

  readHandle(record: RequestRecord, register: number): number {
    return readHandle(this.reached(record), record, register);
  }

  readPath(record: RequestRecord, register: number): number {
    return readPath(this.reached(record), record, register);
  }

  findMount(record: RequestRecord, descriptor: number): number {
    const thread = this.thread(record);
    if (thread.mode === 'dead') return no('EBADF');
    let mountId = thread.workingMount;
    if (descriptor !== AT_FDCWD) {
      const held = thread.table.at(descriptor);
      // A pipe and the like are on no mount that anybody sees.
      if (held !== undefined && !(held instanceof OpenFile)) return no('ENXIO');
      // An O_PATH descriptor is none for open_by_handle_at(2): the kernel takes it with fdget().
      if (!(held instanceof OpenFile) || held.pathOnly) return no('EBADF');
      mountId = held.mountId;
    }
    return this.useMount(record, mountId) ? 0 : no('ENXIO');
  }

  checkMountRoot(record: RequestRecord): number {
    const { mount } = record.mount as LoopMount;
    return isWholeMount(mount) ? 1 : 0;
  }

  locateMount(record: RequestRecord, descriptor: number): number {
    const held = this.file(descriptor);
    if (held === undefined) return no('EBADF');
    return this.useMount(record, held.mountId) ? held.file.type : no('ENXIO');
  }

  openMount(record: RequestRecord): number {
    const mount = record.mount as LoopMount;
    mount.fileSystemId ??= `${mount.fileSystemType}:${mount.mount.device}`;
    if (mount.descriptor >= 0) return 0;
    const root = this.world.kernel.files.rootOf(mount.mount);
    const opened = this.process.table.add(new OpenFile(root, mount.mountId, false, 0), true);
    if (opened < 0) return opened;
    mount.descriptor = opened;
    return 0;
  }

  assumeIdentity(record: RequestRecord): number {
    const { user, group } = this.thread(record);
    this.identity = { user, group };
    return 0;
  }

  openByHandle(record: RequestRecord, flags: number): number {
    const { mount, mountId, descriptor: anchor } = record.mount as LoopMount;
    if (anchor < 0) return no('EBADF');
    const isKnown =
      record.u32(offset.handleBytes) >= modelHandleBytes && record.i32(offset.handleType) === modelHandleType;
    if (!isKnown) return no('ESTALE');
    const inode = record.u32(offset.handleData);
    const file = this.world.kernel.files.decode(mount.device, inode, record.u32(offset.handleData + 4));
    if (file === undefined) return no('ESTALE');
    const who = { isOwner: file.user === this.identity?.user, mayWrite: this.may(file, W_OK) };
    const errno = checkOpen(file, flags, mount.isReadOnly, who);
    if (errno < 0) return errno;
    const isPath = (flags & flag.O_PATH) !== 0;
    const opened = new OpenFile(file, mountId, isPath, flags & shownFlags);
    const descriptor = this.process.table.add(opened, true);
    if (descriptor < 0) return descriptor;
    if (!isPath && (flags & flag.O_TRUNC) !== 0) {
      file.changes++;
      file.truncations++;
    }
    this.world.watch.opened?.(this.process, record, file, flags);
    return descriptor;
  }

  describeFile(_record: RequestRecord, descriptor: number): number {
    return this.file(descriptor)?.file.type ?? no('EBADF');
  }

  checkAccess(_record: RequestRecord, descriptor: number, mode: number): number {
    const held = this.file(descriptor);
    if (held === undefined) return no('EBADF');
    if (!this.may(held.file, mode)) return no('EACCES');
    const isReadOnly = this.world.kernel.files.mounts.get(held.mountId)?.isReadOnly === true;
    return isReadOnly && (mode & W_OK) !== 0 ? no('EROFS') : 0;
  }

  fingerprintFile(_record: RequestRecord, descriptor: number): number {
    const held = this.file(descriptor);
    return held === undefined ? no('EBADF') : 1 + held.file.changes;
  }

  closeDescriptor(descriptor: number): number {
    return this.world.kernel.close(this.process, descriptor);
  }

  openPath(record: RequestRecord, descriptor: number, follow: boolean): number {
    const thread = this.thread(record);
    const { files } = this.world.kernel;
    const { path } = record;
    const base = baseOf(files, thread, descriptor);
    const held = thread.table.at(descriptor);
    if (base === undefined && held !== undefined && !path.startsWith('/')) {
      return path === '' ? this.process.table.add(held, true) : no('ENOTDIR');
    }
    if (base === undefined) return no('EBADF');
    const may = (file: ModelFile, mode: number): boolean => this.may(file, mode);
    const file = path === '' ? base.file : walkPath({ files, ...base, may }, path, follow);
    if (typeof file === 'number') return file;
    const folder = file.folder === undefined ? undefined : files.named(file.folder);
    if (folder !== undefined && !this.may(folder, X_OK)) return no('EACCES');
    return this.process.table.add(new OpenFile(file, base.mountId, true, flag.O_PATH));
  }

  encodeHandle(record: RequestRecord, descriptor: number, flags: number): number {
    if (flags !== 0) {
      throw deputyError('DEPUTY_E_MODEL_GAP', { what: `flags 0x${flags.toString(16)} of name_to_handle_at` });
    }
    const held = this.description(descriptor);
    if (held === undefined) return no('EBADF');
    if (held instanceof OpenFile) this.mountId = held.mountId;
    // What is on no exported file system has no handle.
    const isExported = held instanceof OpenFile && this.fileSystemOf(held) !== 'proc';
    return isExported ? encodeHandle(held.file, record) : no('EOPNOTSUPP');
  }

  writeHandle(record: RequestRecord, register: number, bytes: number): number {
    const thread = this.reached(record);
    if (this.checkNotification(record) < 0) return no('ENOENT');
    if (thread !== undefined) this.world.watch.wrote?.(this.process, record, thread);
    return writeHandle(thread, record, register, bytes);
  }

  writeMountId(record: RequestRecord, register: number, unique: boolean): number {
    const thread = this.reached(record);
    if (this.checkNotification(record) < 0) return no('ENOENT');
    if (thread !== undefined) this.world.watch.wrote?.(this.process, record, thread);
    return writeMountId(thread, record, register, this.mountId, unique);
  }

  addDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    const source = this.description(descriptor);
    return this.filterOf(record)?.addDescriptor(record.notificationId, source, closeOnExec) ?? no('EBADF');
  }

  setStatusFlags(descriptor: number, flags: number): number {
    const held = this.file(descriptor);
    if (held === undefined || held.pathOnly) return no('EBADF');
    held.statusFlags = (held.statusFlags & ~settableFlags) | (flags & settableFlags);
    return 0;
  }

  adoptDescriptor(record: RequestRecord, descriptor: number, flags: number, mark: number): number {
    const known = record.i32(offset.addedNumber) - 1;
    return adoptDescriptor(this.process, this.thread(record), descriptor, flags, mark, known);
  }

  withdrawDescriptor(record: RequestRecord, descriptor: number, number: number): number {
    const { injection } = this;
    return injection?.withdraw(record, record.listener as LoopListener, descriptor, number) ?? no('ENOSYS');
  }

  answerValue(record: RequestRecord, value: number, errno: number): number {
    const response = { value, error: -errno, isContinue: false };
    return this.filterOf(record)?.send(record.notificationId, response) ?? no('EBADF');
  }

  answerContinue(record: RequestRecord): number {
    const response = { value: 0, error: 0, isContinue: true };
    return this.filterOf(record)?.send(record.notificationId, response) ?? no('EBADF');
  }

  injectDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    const { injection } = this;
    return (
      injection?.submit(record, record.listener as LoopListener, descriptor, closeOnExec) ?? no('ENOSYS')
    );
  }

  queryInjection(record: RequestRecord): number {
    if (this.injection === undefined) return no('ENOSYS');
    this.injection.query(record);
    return 0;
  }

  private may(file: ModelFile, mode: number): boolean {
    return mayAccess(this.identity ?? { user: -1, group: -1 }, file, mode);
  }

  private fileSystemOf({ mountId }: OpenFile): string | undefined {
    return this.world.kernel.files.mounts.get(mountId)?.fileSystemType;
  }

  private useMount(record: RequestRecord, mountId: number): boolean {
    const listener = record.listener as LoopListener;
    record.setF64(offset.mountId, mountId);
    const mount = listener.mounts.get(mountId) ?? this.look(mountId);
    if (mount === undefined) return false;
    listener.mounts.set(mountId, mount);
    record.mount = mount;
    return true;
  }

  protected look(mountId: number): LoopMount | undefined {
    const mount = this.world.kernel.files.mounts.get(mountId);
    if (mount === undefined) return undefined;
    const { fileSystemType, mountPoint, root } = mount;
    return { mountId, fileSystemType, mountPoint, root, verdict: -1, mount, descriptor: -1 };
  }

  /** Memory is reached by a thread's number, whoever has that now (process_vm_readv(2)). */
  private reached(record: RequestRecord): ModelThread | undefined {
    return this.world.kernel.threads.get(record.threadId);
  }

  private thread(record: RequestRecord): ModelThread {
    if (record.thread === undefined) throw new Error(`thread ${record.threadId} is used before it is known`);
    return record.thread as ModelThread;
  }

  private description(descriptor: number): OpenDescription | undefined {
    return this.process.table.at(descriptor);
  }

  protected file(descriptor: number): OpenFile | undefined {
    const held = this.description(descriptor);
    return held instanceof OpenFile ? held : undefined;
  }

  private filterOf(record: RequestRecord) {
    const held = this.description((record.listener as LoopListener).descriptor);
    return held instanceof ListenerEnd ? held.filter : undefined;
  }
}
