import type { RequestRecord } from '../request/record.js';

/**
 * What a system call gave: the value (0 or more), or minus the errno. Errors of the kernel are data, so
 * nothing behind this port throws for one.
 */
export type Result = number;

/** A mount as a target's thread sees it, from mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  readonly mountId: number;
  readonly fileSystemType: string;
  readonly mountPoint: string;
  /** The path within the file system that is the root of this mount. */
  readonly root: string;
  /** Cache of the policy's word on this mount: -1 not decided yet, 0 shared, else a refusal's number. */
  verdict: number;
  /** Known once openMount() has seen it: the file system's own lasting id, such as 'ext4:UUID'; '': none. */
  fileSystemId?: string;
  /** Known once checkMountRoot() has looked: its root is the root of the whole file system. */
  isWhole?: boolean;
  /** Cache of whose handles are sealed on this mount (core/seals/seal-scope.ts). */
  scope?: string;
}

/** Numbers that depend on the architecture, as data, so that handlers need no table of their own. */
export interface KernelAbi {
  /** AUDIT_ARCH_* of the calls that deputy answers. */
  readonly auditArchitecture: number;
  /** A bit that marks calls of another ABI of the same architecture (x32); 0 where there is none. */
  readonly foreignSyscallBit: number;
  readonly openByHandleAt: number;
  readonly nameToHandleAt: number;
  readonly O_DIRECTORY: number;
  readonly O_NOFOLLOW: number;
}

/**
 * The kernel as a request's steps see it: synchronous, one call a step. The Linux adapter and the simulator
 * implement it and pass the same contract suite.
 */
export interface RequestKernel {
  readonly abi: KernelAbi;

  /**
   * Makes the calling thread known (its /proc directory and credentials). -ESRCH: it is gone; of a call that
   * was taken over also when its number is another's by now, one that began after the call was received.
   */
  identifyThread(record: RequestRecord): Result;
  /** SECCOMP_IOCTL_NOTIF_ID_VALID: 0, or -ENOENT when the target gave the call up. */
  checkNotification(record: RequestRecord): Result;
  /**
   * Copies the caller's struct file_handle (header and bytes, once) into the record: how many bytes were
   * readable, or -EFAULT. `register` is the argument that points at it.
   */
  readHandle(record: RequestRecord, register: number): Result;
  /** Copies the caller's path into `record.path`: its length, -EFAULT, or -ENAMETOOLONG. */
  readPath(record: RequestRecord, register: number): Result;

  /**
   * Which mount the caller's descriptor is on (AT_FDCWD: its working directory), into `record.mount`:
   * 0, -EBADF as the kernel gives it, or -ENXIO when the mount isn't in the caller's mount namespace.
   */
  findMount(record: RequestRecord, descriptor: number): Result;
  /**
   * Which mount an open file of deputy's own is on, into `record.mount`: the file's type as describeFile()
   * has it, or -ENXIO when the mount isn't in the caller's mount namespace.
   */
  locateMount(record: RequestRecord, descriptor: number): Result;
  /**
   * Makes sure that deputy has a descriptor of its own on `record.mount`: 0 or minus an errno. It is found
   * through the descriptor in the caller's first register or, if given, through `own`, one of deputy's.
   */
  openMount(record: RequestRecord, own?: number): Result;
  /** Is the root of `record.mount` that of its file system, by more than what mountinfo says? 1 or 0. */
  checkMountRoot(record: RequestRecord): Result;

  /**
   * Takes on the caller's user, groups and file system ids on this thread, with deputy's capabilities kept.
   */
  assumeIdentity(record: RequestRecord): Result;
  /** open_by_handle_at(2) of the record's handle through deputy's descriptor on the mount: a descriptor. */
  openByHandle(record: RequestRecord, flags: number): Result;
  /**
   * statx(2) of an open file: its type, S_IFMT shifted right by 12 (4 directory, 8 regular, 10 symlink ...).
   */
  describeFile(record: RequestRecord, descriptor: number): Result;
  /** faccessat2(2) with the caller's own rights, no capability counted: 0 or -EACCES. Mode is R_OK | W_OK. */
  checkAccess(record: RequestRecord, descriptor: number, mode: number): Result;
  /**
   * A number (31 bits) that changes when the file is written to or truncated: its size and change time.
   */
  fingerprintFile(record: RequestRecord, descriptor: number): Result;
  closeDescriptor(descriptor: number): Result;

  /**
   * Opens, as O_PATH, what a directory descriptor and `record.path` name for the caller: from its root and
   * with its rights. `follow`: follow a symlink in the last component.
   */
  openPath(record: RequestRecord, descriptor: number, follow: boolean): Result;
  /**
   * name_to_handle_at(2) on an open file, into the record's handle: 0, -EOVERFLOW (size needed is in it) ...
   */
  encodeHandle(record: RequestRecord, descriptor: number, flags: number): Result;
  /**
   * Writes the record's handle (header, and `bytes` of the handle) to where the register points, in the
   * memory of the thread that waits and in no other: 0, -EFAULT, or -ENOENT when nobody waits any more.
   */
  writeHandle(record: RequestRecord, register: number, bytes: number): Result;
  /** Writes, in the same way, the mount id that encodeHandle() found; 4 bytes, or 8 when `unique`. */
  writeMountId(record: RequestRecord, register: number, unique: boolean): Result;

  /**
   * ADDFD: puts the descriptor into the caller's table without answering the call: its number there. Not
   * together with SEND: a signal that ends that wait, or the death of deputy, makes the call return 0.
   */
  addDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): Result;
  /** F_SETFL of fcntl(2) on a descriptor of deputy's own: 0 or minus an errno. */
  setStatusFlags(descriptor: number, flags: number): Result;
  /**
   * For a successor: the number in the caller's table of what an earlier try of this very request has put
   * there, its status flags as they are; -ENOENT when there is none. It is the file of `descriptor`: at the
   * number that the record has, else the one with the status flags `flags` and `mark` (if 0, it can't be
   * told). From then on `descriptor` is the caller's own open file description, as if it had been added now.
   */
  adoptDescriptor(record: RequestRecord, descriptor: number, flags: number, mark: number): Result;
  /**
   * Has the injector close `number` in the caller's table, if that still is the file of `descriptor`: 0 when
   * it was taken; its outcome arrives in the record later.
   */
  withdrawDescriptor(record: RequestRecord, descriptor: number, number: number): Result;
  /** SECCOMP_IOCTL_NOTIF_SEND of a value, or of an errno (given positive). */
  answerValue(record: RequestRecord, value: number, errno: number): Result;
  /** SEND with SECCOMP_USER_NOTIF_FLAG_CONTINUE: the kernel runs the call with the caller's own rights. */
  answerContinue(record: RequestRecord): Result;
  /** Hands the call to the injector: 0 when it was taken; its outcome arrives in the record later. */
  injectDescriptor(record: RequestRecord, descriptor: number, closeOnExec: boolean): Result;
  /**
   * For a successor: asks the injector what became of this call, which a predecessor handed to it: 0 when
   * it was asked; the outcome (`unknown` too) arrives in the record later.
   */
  queryInjection(record: RequestRecord): Result;
}

/** The file types of describeFile(). */
export const fileType = {
  fifo: 1,
  characterDevice: 2,
  directory: 4,
  blockDevice: 6,
  regular: 8,
  symlink: 10,
  socket: 12,
} as const;

/** Names of file types by number, as events carry them. */
export const fileTypeNames: Readonly<Record<number, string>> = {
  1: 'fifo',
  2: 'character-device',
  4: 'directory',
  6: 'block-device',
  8: 'regular',
  10: 'symlink',
  12: 'socket',
};
