import type { KernelAbi, RequestKernel } from '../../../core/ports/kernel.js';
import type { RequestRecord } from '../../../core/request/record.js';
import { offset } from '../../../core/request/record-layout.js';
import { openAt } from '../basic-files.js';
import { allocate, type NativeMemory } from '../memory.js';
import { hotSyscalls } from '../native.js';
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, architectureOpenFlags, O } from '../open-flags.js';
import { USER_NOTIF_FLAG_CONTINUE } from '../seccomp.js';
import { describeDescriptor, fingerprintOf } from '../statx.js';
import { adoptDescriptor } from './added-descriptors.js';
import { DescriptorMounts } from './descriptor-mounts.js';
import { HandleEncoder } from './handle-encoder.js';
import type { Identities } from './identities.js';
import type { LoopListener } from './loop-listener.js';
import { isWholeMount, type LoopMount, Mounts } from './mounts.js';
import { Notifier } from './notifier.js';
import { TargetMemory } from './target-memory.js';
import { TargetPaths } from './target-paths.js';
import { TargetWriter } from './target-writer.js';
import { beganAfter } from './thread-age.js';
import { type LoopThread, Threads } from './threads.js';

/** Takes calls that need ptrace; see adapters/injector. */
export interface InjectionChannel {
  submit(record: RequestRecord, listener: LoopListener, descriptor: number, closeOnExec: boolean): number;
  query(record: RequestRecord): void;
  withdraw(record: RequestRecord, listener: LoopListener, descriptor: number, number: number): number;
}

const handleStructBytes = 136;
const userFlagsMask = 0xffff0000;
const ESRCH = -3;
const EBADF = -9;
const EFAULT = -14;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_TYPE = 1;
const F_SETFL = 4;

const scratchEmptyPath = 64;
const scratchStatx = 128;

/** The running Linux kernel behind the port that handlers use. One for each loop thread; it is not shared. */
export class LinuxRequestKernel implements RequestKernel {
  readonly abi: KernelAbi;
  readonly threads: Threads;
  readonly mounts = new Mounts();
  private readonly kernel = hotSyscalls();
  private readonly scratch: NativeMemory = allocate(4096);
  private readonly memory: TargetMemory;
  private readonly writer: TargetWriter;
  private readonly notifier = new Notifier();
  private readonly descriptorMounts = new DescriptorMounts();
  private readonly paths: TargetPaths;
  protected readonly encoder = new HandleEncoder();
  /** The mount descriptor of this request where the shared one won't do; closed with the request. */
  private connectableAnchor = -1;

  constructor(
    private readonly identities: Identities,
    private readonly injection: InjectionChannel | undefined,
  ) {
    const { architecture } = this.kernel;
    this.abi = {
      auditArchitecture: architecture.auditArchitecture,
      foreignSyscallBit: architecture.foreignSyscallBit,
      openByHandleAt: architecture.syscalls.open_by_handle_at,
      nameToHandleAt: architecture.syscalls.name_to_handle_at,
      ...architectureOpenFlags(),
    };
    this.threads = new Threads(identities);
    this.paths = new TargetPaths(identities);
    this.memory = new TargetMemory(identities);
    this.writer = new TargetWriter(identities, this.notifier);
  }

  identifyThread(record: RequestRecord): number {
    this.closeConnectable();
    const thread = this.threads.find(record.listener as LoopListener, record.threadId);
    if (typeof thread === 'number') return thread;
    // A predecessor's call may be over, and its thread gone: who has the number then is somebody else.
    const isTakenOver = record.u16(offset.formerStep) > 0;
    if (isTakenOver && beganAfter(thread.directory, record.f64(offset.receivedAtUs))) return ESRCH;
    record.thread = thread;
    return 0;
  }

  checkNotification(record: RequestRecord): number {
    return this.notifier.isValid(record);
  }

  readHandle(record: RequestRecord, register: number): number {
    if (record.argumentIsWild(register)) return EFAULT;
    const { u32 } = record.views;
    const remote = (record.base + offset.arguments + register * 8) >> 2;
    const local = record.addressOf(offset.handle);
    const count = this.memory.read(record.thread as LoopThread, local, u32, remote, handleStructBytes);
    return count === ESRCH ? EFAULT : count;
  }

  readPath(record: RequestRecord, register: number): number {
    if (record.argumentIsWild(register)) return EFAULT;
    const remote = (record.base + offset.arguments + register * 8) >> 2;
    const path = this.memory.readPath(record.thread as LoopThread, record.views.u32, remote);
    if (typeof path === 'number') return path;
    record.path = path;
    return path.length;
  }

  findMount(record: RequestRecord, descriptor: number): number {
    const listener = record.listener as LoopListener;
    let thread = record.thread as LoopThread;
    let mountId = this.descriptorMounts.find(thread, descriptor);
    if (mountId === EBADF && !this.threads.isAlive(thread)) {
      const result = this.identifyAnew(record);
      if (result < 0) return result;
      thread = record.thread as LoopThread;
      mountId = this.descriptorMounts.find(thread, descriptor);
    }
    if (mountId < 0) return mountId;
    record.setF64(offset.mountId, mountId);
    const mount = this.mounts.find(listener, thread, mountId);
    if (typeof mount === 'number') return mount;
    record.mount = mount;
    return 0;
  }

  locateMount(record: RequestRecord, descriptor: number): number {
    const description = describeDescriptor(descriptor);
    if (typeof description === 'number') return description;
    const { fileType, mountId } = description;
    const mount = this.mounts.find(record.listener as LoopListener, record.thread as LoopThread, mountId);
    if (typeof mount === 'number') return mount;
    record.setF64(offset.mountId, mountId);
    record.mount = mount;
    return fileType;
  }

  openMount(record: RequestRecord, own = -1): number {
    const mount = record.mount as LoopMount;
    const thread = record.thread as LoopThread;
    const listener = record.listener as LoopListener;
    if (own >= 0) return mount.descriptor >= 0 ? 0 : this.mounts.openFrom(listener, thread, mount, own);
    const anchor = record.argumentInt(0);
    if ((record.i32(offset.handleType) & userFlagsMask) !== 0) this.openConnectable(thread, anchor);
    if (mount.descriptor >= 0) return 0;
    return this.mounts.open(listener, thread, mount, anchor);
  }

  checkMountRoot(record: RequestRecord): number {
    return isWholeMount(record.thread as LoopThread, record.mount as LoopMount) ? 1 : 0;
  }

  assumeIdentity(record: RequestRecord): number {
    return this.identities.assume((record.thread as LoopThread).identity);
  }

  openByHandle(record: RequestRecord, flags: number): number {
    const { syscall, numbers } = this.kernel;
    const connectable = this.connectableAnchor;
    const descriptor = connectable >= 0 ? connectable : (record.mount as LoopMount).descriptor;
    return syscall(numbers.open_by_handle_at, descriptor, record.addressOf(offset.handle), flags | O.CLOEXEC);
  }

  describeFile(_record: RequestRecord, descriptor: number): number {
    const { syscall, numbers } = this.kernel;
    const { address } = this.scratch;
    const result = syscall(
      numbers.statx,
      descriptor,
      address + scratchEmptyPath,
      AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
      STATX_TYPE,
      address + scratchStatx,
    );
    return result < 0 ? result : (this.scratch.u16[(scratchStatx + 28) >> 1] as number) >> 12;
  }

  checkAccess(record: RequestRecord, descriptor: number, mode: number): number {
    const { identity } = record.thread as LoopThread;
    if (identity.user === 0) return this.checkAccessOfRoot(identity.bypassesReads, descriptor, mode);
    const { syscall, numbers } = this.kernel;
    return syscall(
      numbers.faccessat2,
      descriptor,
      this.scratch.address + scratchEmptyPath,
      mode,
      AT_EMPTY_PATH,
    );
  }

  fingerprintFile(_record: RequestRecord, descriptor: number): number {
    return fingerprintOf(descriptor);
  }

  closeDescriptor(descriptor: number): number {
    const { syscall, numbers } = this.kernel;
    return syscall(numbers.close, descriptor);
  }

  openPath(record: RequestRecord, descriptor: number, follow: boolean): number {
    const thread = record.thread as LoopThread;
    const opened = this.paths.open(thread, descriptor, record.path, follow);
    if (opened >= 0 || this.threads.isAlive(thread)) return opened;
    const result = this.identifyAnew(record) || this.assumeIdentity(record);
    if (result < 0) return result;
    return this.paths.open(record.thread as LoopThread, descriptor, record.path, follow);
  }

  encodeHandle(record: RequestRecord, descriptor: number, flags: number): number {
    return this.encoder.encode(record, descriptor, flags);
  }

  writeHandle(record: RequestRecord, register: number, bytes: number): number {
    return this.writer.write(record, register, record.addressOf(offset.handle), 8 + bytes);
  }

  writeMountId(record: RequestRecord, register: number, unique: boolean): number {
    return this.writer.write(record, register, this.encoder.mountIdAddress, unique ? 8 : 4);
  }

  addDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    return this.notifier.addDescriptor(record, descriptor, closeOnExec);
  }

  setStatusFlags(descriptor: number, flags: number): number {
    const { syscall, numbers } = this.kernel;
    return syscall(numbers.fcntl, descriptor, F_SETFL, flags);
  }

  adoptDescriptor(record: RequestRecord, descriptor: number, flags: number, mark: number): number {
    const known = record.i32(offset.addedNumber) - 1;
    return adoptDescriptor(record.thread as LoopThread, descriptor, flags, mark, known);
  }

  withdrawDescriptor(record: RequestRecord, descriptor: number, number: number): number {
    if (this.injection === undefined) return -38;
    return this.injection.withdraw(record, record.listener as LoopListener, descriptor, number);
  }

  answerValue(record: RequestRecord, value: number, errno: number): number {
    return this.notifier.respond(record, value, -errno, 0);
  }

  answerContinue(record: RequestRecord): number {
    return this.notifier.respond(record, 0, 0, USER_NOTIF_FLAG_CONTINUE);
  }

  injectDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): number {
    if (this.injection === undefined) return -38;
    return this.injection.submit(record, record.listener as LoopListener, descriptor, closeOnExec);
  }

  queryInjection(record: RequestRecord): number {
    if (this.injection === undefined) return -38;
    this.injection.query(record);
    return 0;
  }

  /** The thread that has this number now is the caller's only as long as its call waits. */
  private identifyAnew(record: RequestRecord): number {
    this.threads.forget(record.listener as LoopListener, record.thread as LoopThread);
    const result = this.identifyThread(record);
    return result < 0 ? result : this.checkNotification(record);
  }

  private closeConnectable(): void {
    if (this.connectableAnchor >= 0) this.kernel.syscall(this.kernel.numbers.close, this.connectableAnchor);
    this.connectableAnchor = -1;
  }

  /** A connectable handle is checked against the very descriptor that the caller gave: it is used. */
  private openConnectable(thread: LoopThread, anchor: number): void {
    const name = anchor === AT_FDCWD ? 'cwd' : `fd/${anchor}`;
    const opened = openAt(thread.directory, name, O.PATH | O.CLOEXEC);
    if (opened < 0) return;
    this.connectableAnchor = openAt(opened, '.', O.RDONLY | O.CLOEXEC | this.abi.O_DIRECTORY);
    this.kernel.syscall(this.kernel.numbers.close, opened);
  }

  /**
   * access(2) counts a real uid 0 as capable, so for it the effective rights are asked, without the bypass.
   */
  private checkAccessOfRoot(bypassesReads: boolean, descriptor: number, mode: number): number {
    const { syscall, numbers } = this.kernel;
    const path = this.scratch.address + scratchEmptyPath;
    const call = (): number =>
      syscall(numbers.faccessat2, descriptor, path, mode, AT_EMPTY_PATH | AT_EACCESS);
    return bypassesReads ? call() : this.identities.withoutBypass(call);
  }
}
