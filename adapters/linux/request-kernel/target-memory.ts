import { openAt } from '../basic-files.js';
import { isSwitchedOff } from '../kernel-features.js';
import { allocate, type NativeMemory } from '../memory.js';
import { hotSyscalls, systemCall } from '../native.js';
import { O } from '../open-flags.js';
import type { Identities } from './identities.js';
import type { LoopThread } from './threads.js';

const EFAULT = -14;
const EPERM = -1;
const EACCES = -13;
const ENOSYS = -38;
const ENAMETOOLONG = -36;
const pathLimitBytes = 4096;

/**
 * Copies from a target's memory (process_vm_readv(2)), with /proc/TID/mem where that is shut. Whose memory it
 * was is checked afterwards: the call is still pending.
 */
export class TargetMemory {
  private readonly vectors: NativeMemory = allocate(4096);
  private readonly pathBuffer: NativeMemory = allocate(pathLimitBytes + 4096);
  private readonly kernel = hotSyscalls();
  constructor(private readonly identities: Identities) {}

  private readonly isFileOnly = isSwitchedOff('PROCESS_VM_READV');

  /** Copies up to `bytes` from the address in the two words at `remote`: how many came, or minus an errno. */
  read(thread: LoopThread, local: number, remote: Uint32Array, remoteIndex: number, bytes: number): number {
    const { syscall, numbers } = this.kernel;
    this.fill(local, remote, remoteIndex, bytes);
    const at = this.vectors.address;
    const result = this.isFileOnly
      ? ENOSYS
      : syscall(numbers.process_vm_readv, thread.threadId, at, 1, at + 16, 1, 0);
    if (result !== EPERM && result !== ENOSYS) return result;
    return this.throughFile(thread, local, remote, remoteIndex, bytes);
  }

  /** Copies a NUL-terminated path: the text, -EFAULT, or -ENAMETOOLONG as the kernel's getname() has it. */
  readPath(thread: LoopThread, remote: Uint32Array, remoteIndex: number): string | number {
    const { buffer, address } = this.pathBuffer;
    const count = this.read(thread, address, remote, remoteIndex, pathLimitBytes);
    if (count <= 0) return EFAULT;
    const end = new Uint8Array(buffer, 0, count).indexOf(0);
    if (end < 0) return count < pathLimitBytes ? EFAULT : ENAMETOOLONG;
    return Buffer.from(buffer, 0, end).toString('latin1');
  }

  private fill(local: number, remote: Uint32Array, remoteIndex: number, bytes: number): void {
    const { u32 } = this.vectors;
    u32[0] = local >>> 0;
    u32[1] = Math.floor(local / 0x1_0000_0000);
    u32[2] = bytes;
    u32[3] = 0;
    u32[4] = remote[remoteIndex] as number;
    u32[5] = remote[remoteIndex + 1] as number;
    u32[6] = bytes;
    u32[7] = 0;
  }

  private throughFile(
    thread: LoopThread,
    local: number,
    remote: Uint32Array,
    remoteIndex: number,
    bytes: number,
  ): number {
    const address = (remote[remoteIndex] as number) + (remote[remoteIndex + 1] as number) * 0x1_0000_0000;
    if (address > Number.MAX_SAFE_INTEGER) return EFAULT;
    const open = (): number => openAt(thread.directory, 'mem', O.RDONLY | O.CLOEXEC);
    // It is root's as long as the target is not dumpable (proc_pid_mem(5)), and the target's own otherwise.
    let descriptor = open();
    if (descriptor === EACCES) descriptor = this.identities.asRoot(open);
    if (descriptor < 0) return EFAULT;
    const { syscall, numbers } = this.kernel;
    const result = syscall(numbers.pread64, descriptor, local, bytes, address);
    systemCall('close', descriptor);
    return result < 0 ? EFAULT : result;
  }
}
