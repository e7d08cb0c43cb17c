/** Where a target's thread is, once nothing moves any more. */
export type ThreadState =
  | { readonly kind: 'returned'; readonly value: number }
  | { readonly kind: 'waiting' | 'stopped' | 'traced' | 'gone' | 'idle' };

/** What the target sees of one of its descriptors. */
export interface Described {
  /** Unlike any other file's; renamed before it is compared. */
  readonly file: string;
  /** S_IFMT >> 12. */
  readonly type: number;
  /** F_GETFL, without O_LARGEFILE. */
  readonly flags: number;
  readonly closeOnExec: boolean;
}

/** What a program does on a signal. */
export type Action = 'restart' | 'fail' | 'ignore';

/** Bytes for an ioctl, or a pointer to where nothing is mapped, or where nothing can be written. */
export type Bytes = Uint8Array | 'nowhere' | 'read-only';

/** A step of a real handler, and what its port gave. */
export interface HandlerStep {
  readonly name: string;
  readonly result: number;
}

export interface ServeOptions {
  readonly listener: number;
  /** Fields of the policy's defaults. */
  readonly policy: Readonly<Record<string, unknown>>;
}

/** How a traced thread is made to go on. */
export type Resume = 'continue' | 'syscall' | 'detach';

export interface AnswererSide {
  /** Takes a listener that a target's thread has: the answerer's descriptor, or minus an errno. */
  take(name: string, number: number): Promise<number>;
  /** Which of POLLIN, POLLOUT, POLLHUP are set. */
  poll(descriptor: number): Promise<string>;
  /** An ioctl on bytes that the kernel may change; or on a pointer to what can't be read or written. */
  ioctl(descriptor: number, command: number, bytes: Bytes): Promise<number>;
  /** Opens a file of the share for the answerer itself. */
  openOwn(path: string, flags: number): Promise<number>;
  close(descriptor: number): Promise<number>;
  duplicate(descriptor: number): Promise<number>;
  /** Receives one call into a record and runs its handler to the end. */
  serve(options: ServeOptions): Promise<readonly HandlerStep[]>;
  /** Flags of a descriptor of the answerer's, and its file. */
  describeOwn(descriptor: number): Promise<Described | number>;
}

export interface TracerSide {
  seize(tracer: string, name: string, options: number): Promise<number>;
  interrupt(tracer: string, name: string): Promise<number>;
  /** wait4(2) without waiting: a status, 0, or minus an errno. */
  status(tracer: string, name: string): Promise<number>;
  resume(tracer: string, name: string, how: Resume, signal: number): Promise<number>;
  setOptions(tracer: string, name: string, options: number): Promise<number>;
  /** struct user_regs_struct, or minus an errno. */
  registers(tracer: string, name: string): Promise<Uint8Array | number>;
  setRegisters(tracer: string, name: string, bytes: Uint8Array): Promise<number>;
  /** The signals that are blocked, as the kernel's 64 bits; or minus an errno. */
  signalMask(tracer: string, name: string): Promise<Uint8Array | number>;
  setSignalMask(tracer: string, name: string, bytes: Uint8Array): Promise<number>;
  /** The tracer dies. */
  die(tracer: string): Promise<void>;
}

export interface TargetSide {
  /** A thread of the first process, or the one thread of a child that was forked. */
  add(name: string, how: 'thread' | 'fork'): Promise<void>;
  threadId(name: string): number;
  install(name: string, isKillable: boolean): Promise<number>;
  /** A thread becomes another user, without capabilities. */
  drop(name: string, user: number): Promise<void>;
  begin(name: string, number: number, values: readonly number[]): Promise<void>;
  /** After all that can happen by itself has happened. */
  state(name: string): Promise<ThreadState>;
  /** Memory of a thread's process; `isEdge`: what follows it is not mapped. */
  allocate(name: string, bytes: number, isEdge: boolean): Promise<number>;
  write(name: string, address: number, bytes: Uint8Array): Promise<void>;
  read(name: string, address: number, count: number): Promise<Uint8Array>;
  signalProcess(name: string, number: number): Promise<void>;
  signalThread(name: string, number: number): Promise<void>;
  act(number: number, action: Action): Promise<void>;
  mask(name: string, number: number, isBlocked: boolean): Promise<void>;
  /** How often handlers have run. */
  handled(): Promise<number>;
  descriptors(name: string): Promise<readonly number[]>;
  describe(name: string, number: number): Promise<Described | number>;
  limitDescriptors(count: number): Promise<void>;
  endThread(name: string): Promise<void>;
  /** The first thread executes a program: itself once more. */
  execute(): Promise<void>;
  /** Opens a file of the share: the number. */
  open(name: string, path: string, flags: number): Promise<number>;
  /** A read-only mount of the share, and a descriptor on it: the number. */
  openReadOnlyMount(): Promise<number>;
  /** A descriptor on a mount of proc: the number. */
  openProc(): Promise<number>;
}

/** A machine that cases run on: the modelled one, and the real one. */
export interface Machine extends TargetSide, AnswererSide, TracerSide {
  /** struct file_handle of a file of the share, by its path. */
  handleOf(path: string): Promise<Uint8Array>;
  /** The mount point that the share is on. */
  sharePath(): Promise<string>;
  removeFile(path: string): Promise<void>;
  end(): Promise<void>;
}
