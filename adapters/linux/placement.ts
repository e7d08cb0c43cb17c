import { openAt } from './basic-files.js';
import { allocate, type NativeMemory } from './memory.js';
import { hotSyscalls, systemCall } from './native.js';
import { AT_FDCWD, O } from './open-flags.js';
import { readThreadStatus } from './thread-status.js';

/** How many requests pass between two looks at where the target runs: looking costs as much as a request. */
const lookEvery = 64;

/** Bytes of a cpu_set_t (sched_setaffinity(2)): 1,024 processors. */
const maskBytes = 128;
const EPERM = -1;

/** Makes a call with the rights of another user, and comes back. */
export type AsUser = (user: number, call: () => number) => number;

/**
 * Where a loop thread runs. With ADDFD the target installs the descriptor while deputy waits for it; when
 * both are on one processor that costs a switch, else a wake-up of an idle one, several times as much.
 */
export class Placement {
  private readonly kernel = hotSyscalls();
  private readonly memory: NativeMemory = allocate(8192);
  private readonly allowed: Uint8Array;
  private countdown = 1;
  private processor = -1;

  /** `asUser`: only a thread's own user, or who has CAP_SYS_NICE, may bind it (sched_setaffinity(2)). */
  constructor(private readonly asUser: AsUser) {
    systemCall('sched_getaffinity', 0, maskBytes, this.memory.address);
    this.allowed = this.memory.u8.slice(0, maskBytes);
  }

  /**
   * Called for each request; moves the loop now and then to the processor on which the target's thread ran.
   */
  follow(policy: 'none' | 'follow' | 'pin', threadId: number): void {
    if (policy === 'none' || threadId === 0) return;
    if (--this.countdown > 0) return;
    this.countdown = lookEvery;
    const processor = this.processorOf(threadId);
    if (processor < 0 || !this.isAllowed(processor)) return;
    if (policy === 'pin') this.pin(threadId, processor);
    if (processor === this.processor) return;
    this.processor = processor;
    this.bind(0, processor);
  }

  /** May the loop run anywhere again. */
  release(): void {
    this.memory.u8.set(this.allowed, 0);
    systemCall('sched_setaffinity', 0, maskBytes, this.memory.address);
    this.processor = -1;
  }

  private isAllowed(processor: number): boolean {
    return (((this.allowed[processor >> 3] as number) >> (processor & 7)) & 1) === 1;
  }

  /** What can not be bound, since it is gone or another user's by now, runs where it likes. */
  private pin(threadId: number, processor: number): void {
    if (this.bind(threadId, processor) !== EPERM) return;
    const directory = openAt(AT_FDCWD, `/proc/${threadId}`, O.PATH | O.CLOEXEC);
    if (directory < 0) return;
    const status = readThreadStatus(directory);
    systemCall('close', directory);
    const user = typeof status === 'number' ? undefined : status.userIds[1];
    if (user !== undefined) this.asUser(user, () => this.bind(threadId, processor));
  }

  private bind(threadId: number, processor: number): number {
    this.memory.u8.fill(0, 0, maskBytes);
    this.memory.u8[processor >> 3] = 1 << (processor & 7);
    return systemCall('sched_setaffinity', threadId, maskBytes, this.memory.address);
  }

  /** Field 39 of /proc/TID/stat, 'processor' (proc_pid_stat(5)); -1 when the thread is gone. */
  private processorOf(threadId: number): number {
    const descriptor = openAt(AT_FDCWD, `/proc/${threadId}/stat`, O.CLOEXEC);
    if (descriptor < 0) return -1;
    const { syscall, numbers } = this.kernel;
    const count = syscall(numbers.pread64, descriptor, this.memory.address + 4096, 1024, 0);
    systemCall('close', descriptor);
    if (count <= 0) return -1;
    const text = Buffer.from(this.memory.buffer, 4096, count).toString('latin1');
    // The command name in parentheses may hold anything, so fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return Number(fields[36] ?? -1);
  }
}
