import { errnoNumbers } from '../../../../core/errors/errno.js';
import type { KernelAbi, MountEntry, RequestKernel } from '../../../../core/ports/kernel.js';
import { fileType } from '../../../../core/ports/kernel.js';
import type { CompiledPolicy } from '../../../../core/request/compiled-policy.js';
import type { RequestRecord } from '../../../../core/request/record.js';
import { injectionOutcome, offset } from '../../../../core/request/record-layout.js';

const O_PATH = 0o10000000;
const O_TRUNC = 0o1000;
const O_WRITES = 3;

/** Numbers in a row that look like chance; the same for the same seed. */
export class Dice {
  constructor(private state: number) {}
  next(below: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * below);
  }
  chance(percent: number): boolean {
    return this.next(100) < percent;
  }
  of<T>(values: readonly T[]): T {
    return values[this.next(values.length)] as T;
  }
}

/** What was made sure of before something was handed to the target. */
interface Opened {
  readonly flags: number;
  type: number | undefined;
  mayAccess: boolean;
}

/**
 * A kernel that answers each call as it pleases, with any errno that it likes, and keeps an account: what is
 * open, and whether all that the policy asks for was asked before a descriptor went to the target.
 */
export class FuzzKernel implements RequestKernel {
  readonly abi: KernelAbi = {
    auditArchitecture: 0xc000003e,
    foreignSyscallBit: 0x40000000,
    openByHandleAt: 304,
    nameToHandleAt: 303,
    O_DIRECTORY: 0o200000,
    O_NOFOLLOW: 0o400000,
  };
  readonly open = new Map<number, Opened>();
  readonly wrong: string[] = [];
  /** How often the target was answered, in whatever way. */
  answers = 0;
  lastErrno = 0;
  private nextDescriptor = 10;
  private wasWhole = false;
  private accessGranted = false;
  private isMountOpen = false;
  /** What the file was said to be. */
  private described: number | undefined;
  sealIsRight = false;

  constructor(
    readonly dice: Dice,
    private readonly policy: CompiledPolicy,
    readonly mount: MountEntry,
    private readonly file: number,
    private readonly path: string,
    private readonly native: Uint8Array,
  ) {}

  private maybe(percent: number, value: number, errnos: readonly (keyof typeof errnoNumbers)[]): number {
    return this.dice.chance(percent) ? value : -errnoNumbers[this.dice.of(errnos)];
  }

  identifyThread(): number {
    return this.maybe(97, 0, ['ESRCH', 'EXDEV', 'EACCES']);
  }
  checkNotification(): number {
    return this.maybe(97, 0, ['ENOENT']);
  }
  readHandle(record: RequestRecord): number {
    if (this.dice.chance(4)) return this.dice.chance(50) ? -errnoNumbers.EFAULT : this.dice.next(136);
    void record;
    return 136;
  }
  readPath(record: RequestRecord): number {
    record.path = this.path;
    return this.maybe(96, this.path.length, ['EFAULT', 'ENAMETOOLONG']);
  }
  findMount(record: RequestRecord): number {
    record.mount = this.mount;
    return this.maybe(94, 0, ['EBADF', 'ENXIO']);
  }
  locateMount(record: RequestRecord): number {
    record.mount = this.mount;
    return this.maybe(94, this.file, ['ENXIO']);
  }
  openMount(): number {
    const result = this.maybe(95, 0, ['EACCES', 'ESTALE']);
    this.isMountOpen ||= result === 0;
    return result;
  }
  checkMountRoot(): number {
    this.wasWhole = this.dice.chance(60);
    return this.wasWhole ? 1 : 0;
  }
  assumeIdentity(): number {
    return this.maybe(98, 0, ['EPERM']);
  }
  openByHandle(_record: RequestRecord, flags: number): number {
    this.mayOpen('openByHandle');
    const writes = (flags & O_PATH) === 0 && (flags & (O_WRITES | O_TRUNC)) !== 0;
    if (writes && (this.described ?? this.file) === fileType.directory) return -errnoNumbers.EISDIR;
    if (!this.dice.chance(85)) return this.maybe(0, 0, ['ESTALE', 'EACCES', 'EPERM', 'EROFS', 'EMFILE']);
    // The kernel truncates in the open itself: rights are asked before.
    const truncates = (flags & (O_TRUNC | O_PATH)) === O_TRUNC;
    if (truncates && this.policy.enforceDac && !this.accessGranted) this.wrong.push('truncated unasked');
    return this.opened({ flags, type: undefined, mayAccess: false });
  }
  describeFile(_record: RequestRecord, descriptor: number): number {
    const one = this.known(descriptor, 'describeFile');
    const type = this.dice.chance(95) ? this.file : this.dice.of(Object.values(fileType));
    const result = this.maybe(97, type, ['EIO']);
    if (one !== undefined && result >= 0) one.type = result;
    if (result >= 0) this.described = result;
    return result;
  }
  checkAccess(_record: RequestRecord, descriptor: number): number {
    const one = this.known(descriptor, 'checkAccess');
    const result = this.maybe(70, 0, ['EACCES', 'EROFS']);
    if (one !== undefined) one.mayAccess = result === 0;
    this.accessGranted ||= result === 0;
    return result;
  }
  fingerprintFile(): number {
    return this.dice.next(4);
  }
  closeDescriptor(descriptor: number): number {
    this.known(descriptor, 'closeDescriptor');
    this.open.delete(descriptor);
    return 0;
  }
  openPath(): number {
    if (!this.dice.chance(90)) return this.maybe(0, 0, ['ENOENT', 'EACCES', 'ELOOP']);
    return this.opened({ flags: O_PATH, type: undefined, mayAccess: false });
  }
  encodeHandle(record: RequestRecord, descriptor: number): number {
    this.known(descriptor, 'encodeHandle');
    if (this.dice.chance(3)) return -errnoNumbers.EOPNOTSUPP;
    const room = record.u32(offset.handleBytes);
    record.setU32(offset.handleBytes, this.native.length);
    record.setI32(offset.handleType, 1);
    if (room < this.native.length) return -errnoNumbers.EOVERFLOW;
    record.views.u8.set(this.native, record.base + offset.handleData);
    return 0;
  }
  writeHandle(): number {
    return this.maybe(95, 0, ['EFAULT', 'ENOENT']);
  }
  writeMountId(): number {
    return this.maybe(97, 0, ['EFAULT']);
  }
  addDescriptor(_record: RequestRecord, descriptor: number): number {
    const one = this.known(descriptor, 'addDescriptor');
    this.mayOpen('addDescriptor');
    if (one !== undefined) {
      if ((one.flags & O_PATH) !== 0) this.wrong.push('added an O_PATH descriptor, which the kernel refuses');
      if (this.file !== fileType.regular && this.file !== fileType.directory && one.type === this.file)
        this.wrong.push(`added a file of type ${this.file}`);
      const isAsked = one.mayAccess || this.accessGranted;
      const isHopeless = this.file === fileType.directory && (one.flags & 3) !== 0;
      if (this.policy.enforceDac && !isAsked && !isHopeless)
        this.wrong.push('added without asking for rights');
    }
    return this.maybe(95, 3 + this.dice.next(9), ['ENOENT', 'EMFILE', 'EBADF']);
  }
  setStatusFlags(): number {
    return 0;
  }
  adoptDescriptor(): number {
    return this.maybe(30, 5, ['ENOENT']);
  }
  withdrawDescriptor(): number {
    return this.maybe(90, 0, ['EPIPE']);
  }
  answerValue(_record: RequestRecord, _value: number, errno: number): number {
    const result = this.maybe(96, 0, ['ENOENT', 'EINPROGRESS']);
    if (result === -errnoNumbers.ENOENT) return result;
    this.answers++;
    this.lastErrno = errno;
    return result;
  }
  answerContinue(): number {
    const result = this.maybe(96, 0, ['ENOENT']);
    if (result === 0) this.answers++;
    return result;
  }
  injectDescriptor(_record: RequestRecord, descriptor: number): number {
    const one = this.known(descriptor, 'injectDescriptor');
    this.mayOpen('injectDescriptor');
    if (one !== undefined && (one.flags & O_PATH) === 0) this.wrong.push('injected what is open for reading');
    return this.maybe(92, 0, ['ENOSYS', 'EPIPE']);
  }
  queryInjection(): number {
    return this.maybe(80, 0, ['EPIPE']);
  }

  /** What the injector says when a request waits for it. */
  inject(record: RequestRecord): void {
    const outcomes = ['completed', 'cancelled', 'errno', 'killed', 'traced', 'unknown'] as const;
    const outcome = this.dice.chance(50) ? 'completed' : this.dice.of(outcomes);
    record.setU16(offset.injectionOutcome, injectionOutcome[outcome]);
    record.setI32(offset.result, outcome === 'completed' ? 7 : -errnoNumbers.EMFILE);
    if (outcome === 'completed') this.answers++;
  }

  /** The process that held them is gone. */
  crash(): void {
    this.open.clear();
  }

  private opened(one: Opened): number {
    this.open.set(this.nextDescriptor, one);
    return this.nextDescriptor++;
  }

  private known(descriptor: number, call: string): Opened | undefined {
    const one = this.open.get(descriptor);
    if (one === undefined) this.wrong.push(`${call} of descriptor ${descriptor}, which is not open`);
    return one;
  }

  /** Nothing is opened by a handle that the policy keeps from the target. */
  private mayOpen(call: string): void {
    const { policy, mount } = this;
    const type = mount.fileSystemType;
    const isShared = policy.shares === undefined || policy.shares.has(mount.mountPoint);
    if (type === 'pidfs' || type === 'proc' || !policy.fileSystems.has(type))
      this.wrong.push(`${call} on ${type}`);
    if (!isShared) this.wrong.push(`${call} on a mount that is not shared`);
    if (!this.isMountOpen) this.wrong.push(`${call} without a mount`);
    if (policy.confinement === 'sealed' && !this.sealIsRight) this.wrong.push(`${call} with a wrong seal`);
    if (policy.confinement === 'filesystem' && (mount.root !== '/' || !this.wasWhole))
      this.wrong.push(`${call} with a part of a file system`);
  }
}
