/** Memory with an address that the kernel knows it by, and its views. */
export interface InjectorMemory {
  readonly address: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
}

/** The remedies that a test can take away, so that it can show that it would notice. */
export type Remedy = 'suspend' | 'sigmask' | 'exitkill' | 'dup3' | 'stopsfirst';

/**
 * The kernel as the injector's sub-steps see it: ptrace(2), the notifier, a target's memory. Results are a
 * value, or minus an errno; addresses are those of InjectorMemory, or of the target where they are `remote`.
 */
export interface InjectorKernel {
  /** Numbers of the calls that are made in a target's name. */
  readonly numbers: Readonly<Record<'mmap' | 'munmap' | 'recvmsg' | 'dup3' | 'close', number>>;
  /** One page, zeroed. */
  allocate(): InjectorMemory;
  nowMs(): number;
  sleepUs(us: number): void;

  /** PTRACE_SEIZE: 0, -EPERM, -ESRCH. */
  seize(threadId: number, options: number): number;
  interrupt(threadId: number): number;
  /** PTRACE_CONT, with a signal or 0. */
  resume(threadId: number, signal: number): number;
  /** PTRACE_SYSCALL. */
  resumeToSyscall(threadId: number, signal: number): number;
  detach(threadId: number, signal: number): number;
  setOptions(threadId: number, options: number): number;
  getRegisters(threadId: number, address: number): number;
  setRegisters(threadId: number, address: number): number;
  getSignalMask(threadId: number, address: number): number;
  setSignalMask(threadId: number, address: number): number;
  killTraced(threadId: number): number;

  readThreadMemory(threadId: number, remote: number, local: number, bytes: number): number;
  writeThreadMemory(threadId: number, remote: number, local: number, bytes: number): number;
  /** Is it private, anonymous and writable, so that touching it can't wait? 1, 0, or minus an errno. */
  isAnonymousMemory(threadId: number, remote: number, bytes: number): number;

  /** An ioctl of seccomp_unotify(2). */
  ioctl(descriptor: number, command: number, address: number): number;
  close(descriptor: number): number;
  /** A connected pair of datagram sockets, into `ends`. */
  createSocketPair(ends: Int32Array): number;
  /** Sends a packet, and descriptors with it: bytes, or minus an errno. */
  sendWithDescriptors(descriptor: number, address: number, bytes: number, passed: readonly number[]): number;
  /** Is the target's number the same open file description as ours (kcmp(2))? */
  isSameOpenFile(threadId: number, ours: number, theirs: number): boolean;

  /** How many seccomp filters a thread has. */
  countFilters(threadId: number): number;
  /** Is it traced by another injector of the same user, one that is ending? */
  isTracedByInjector(threadId: number): boolean;
  /** Is there such a thread, and will it go on? */
  isThreadAlive(threadId: number): boolean;

  hasRemedy(remedy: Remedy): boolean;
  /** A point within a sub-step at which a test may end the process. */
  crashPoint(subStep: number, moment: 'before' | 'between' | 'after'): void;
}

/** Commands of seccomp_unotify(2), linux/seccomp.h; the same on x86-64 and arm64. */
export const notifyCommand = {
  RECV: 0xc0502100,
  SEND: 0xc0182101,
  ID_VALID: 0x40082102,
  ADDFD: 0x40182103,
  SET_FLAGS: 0x40082104,
} as const;

/** PTRACE_O_ options (ptrace(2)). */
export const traceOption = {
  /** System-call stops carry bit 0x80 in their signal, so that no other SIGTRAP is taken for one. */
  TRACESYSGOOD: 0x1,
  /** The kernel kills the thread when its tracer ends. */
  EXITKILL: 0x100000,
  /** The thread's seccomp filters are not asked. Needs CAP_SYS_ADMIN and a tracer without a filter. */
  SUSPEND_SECCOMP: 0x200000,
} as const;

/** The event of the stops that PTRACE_INTERRUPT and group stops make in a seized thread. */
export const PTRACE_EVENT_STOP = 128;
/** Stop signal of a system-call stop under TRACESYSGOOD. */
export const SYSCALL_STOP = 0x85;

/** The signal that a stop is about (WSTOPSIG of wait(2)). */
export function stopSignal(status: number): number {
  return (status >> 8) & 0xff;
}

/** The PTRACE_EVENT_ of a stop, 0 for a signal-delivery or system-call stop (ptrace(2)). */
export function stopEvent(status: number): number {
  return status >>> 16;
}

/** struct msghdr of recvmsg(2), in bytes. */
export const messageHeader = {
  vector: 16,
  vectorLength: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  bytes: 56,
} as const;
