import type { RequestRecord } from '../../../core/request/record.js';
import { openAt } from '../basic-files.js';
import { allocate, type NativeMemory } from '../memory.js';
import { hotSyscalls } from '../native.js';
import { O } from '../open-flags.js';
import { endOfMapping, VMA_WRITABLE } from '../process-mappings.js';
import type { Identities } from './identities.js';
import type { Notifier } from './notifier.js';
import type { LoopThread } from './threads.js';

const ENOENT = -2;
const EACCES = -13;
const EFAULT = -14;
const ENOTTY = -25;

/**
 * Writes into the memory of a thread that waits for its answer, and into nobody else's. process_vm_writev(2)
 * goes by a number, which may be a stranger's by the time it acts. /proc/TID/mem, opened through the held
 * directory, is one address space for good, and the call that is still pending after that was made from it.
 */
export class TargetWriter {
  private readonly scratch: NativeMemory = allocate(4096);
  private readonly kernel = hotSyscalls();

  constructor(
    private readonly identities: Identities,
    private readonly notifier: Notifier,
  ) {}

  /** 0, -EFAULT when not all could be written, or -ENOENT when nobody waits for the answer any more. */
  write(record: RequestRecord, register: number, local: number, bytes: number): number {
    if (record.argumentIsWild(register)) return EFAULT;
    const memory = this.open(record.thread as LoopThread, 'mem', O.WRONLY);
    if (memory < 0) return this.notifier.isValid(record) < 0 ? ENOENT : EFAULT;
    const result = this.writeThrough(record, memory, local, record.argumentNumber(register), bytes);
    this.close(memory);
    return result;
  }

  private writeThrough(
    record: RequestRecord,
    memory: number,
    local: number,
    remote: number,
    bytes: number,
  ): number {
    const mappings = this.open(record.thread as LoopThread, 'maps', O.RDONLY);
    const pending = this.notifier.isValid(record);
    const isWritable = pending === 0 && mappings >= 0 && this.isWritable(mappings, remote, bytes);
    if (mappings >= 0) this.close(mappings);
    if (pending < 0) return ENOENT;
    if (!isWritable) return EFAULT;
    const { syscall, numbers } = this.kernel;
    return syscall(numbers.pwrite64, memory, local, bytes, remote) === bytes ? 0 : EFAULT;
  }

  /**
   * /proc/TID/mem writes into private memory that is read-only, too (proc_pid_mem(5)); the kernel would have
   * said EFAULT. Before Linux 6.11 that can't be asked at this price: the target gets what it asked for.
   */
  private isWritable(mappings: number, remote: number, bytes: number): boolean {
    for (let at = remote; at < remote + bytes; ) {
      const end = endOfMapping(mappings, at, VMA_WRITABLE, this.scratch);
      if (end === ENOTTY) return true;
      if (end <= at) return false;
      at = end;
    }
    return true;
  }

  private open(thread: LoopThread, name: string, flags: number): number {
    const call = (): number => openAt(thread.directory, name, flags | O.CLOEXEC);
    const descriptor = call();
    // It is root's as long as the target is not dumpable (proc_pid_mem(5)), and the target's own otherwise.
    return descriptor === EACCES ? this.identities.asRoot(call) : descriptor;
  }

  private close(descriptor: number): void {
    this.kernel.syscall(this.kernel.numbers.close, descriptor);
  }
}
