import { openAt } from '../basic-files.js';
import { allocate, type NativeMemory } from '../memory.js';
import { hotSyscalls, systemCall } from '../native.js';
import { AT_FDCWD, O } from '../open-flags.js';
import { describeDescriptor } from '../statx.js';
import type { LoopThread } from './threads.js';

const EBADF = -9;
const infoBytes = 512;

/**
 * Reads which mount a descriptor of a target's thread is on, from /proc/TID/fdinfo/N (proc_pid_fdinfo(5)).
 * It never blocks, whatever the descriptor is: nothing of the target is opened, copied or closed. The file is
 * kept open, because each read of it looks the descriptor up afresh.
 */
export class DescriptorMounts {
  private readonly memory: NativeMemory = allocate(4096);
  private readonly kernel = hotSyscalls();

  /**
   * The mount's id, or -EBADF when the descriptor is closed, negative, or O_PATH (which the kernel refuses).
   */
  find(thread: LoopThread, descriptor: number): number {
    if (descriptor === AT_FDCWD) return this.ofWorkingDirectory(thread);
    if (descriptor < 0) return EBADF;
    if (thread.infoOf !== descriptor && this.openInfo(thread, descriptor) < 0) return EBADF;
    const { syscall, numbers } = this.kernel;
    const count = syscall(numbers.pread64, thread.infoDescriptor, this.memory.address, infoBytes, 0);
    if (count <= 0) {
      this.drop(thread);
      return EBADF;
    }
    return this.parse(count);
  }

  private openInfo(thread: LoopThread, descriptor: number): number {
    this.drop(thread);
    const opened = openAt(thread.directory, `fdinfo/${descriptor}`, O.CLOEXEC);
    if (opened < 0) return opened;
    thread.infoDescriptor = opened;
    thread.infoOf = descriptor;
    return 0;
  }

  private drop(thread: LoopThread): void {
    if (thread.infoDescriptor >= 0) systemCall('close', thread.infoDescriptor);
    thread.infoDescriptor = -1;
    thread.infoOf = -1;
  }

  /** 'pos:\t0\nflags:\t0100000\nmnt_id:\t29\n...'; the generic lines come before any that a driver adds. */
  private parse(count: number): number {
    const bytes = this.memory.u8;
    let at = skipTo(bytes, 0, count, 0x66);
    at = skipTo(bytes, at, count, 0x09) + 1;
    let flags = 0;
    for (; at < count && bytes[at] !== 0x0a; at++) flags = flags * 8 + ((bytes[at] as number) - 0x30);
    if (Math.floor(flags / O.PATH) % 2 === 1) return EBADF;
    at = skipTo(bytes, at, count, 0x09) + 1;
    let mountId = 0;
    for (; at < count && bytes[at] !== 0x0a; at++) mountId = mountId * 10 + ((bytes[at] as number) - 0x30);
    return mountId;
  }

  private ofWorkingDirectory(thread: LoopThread): number {
    const descriptor = openAt(thread.directory, 'cwd', O.PATH | O.CLOEXEC);
    if (descriptor < 0) return EBADF;
    const description = describeDescriptor(descriptor);
    systemCall('close', descriptor);
    return typeof description === 'number' ? EBADF : description.mountId;
  }
}

function skipTo(bytes: Uint8Array, from: number, end: number, byte: number): number {
  let at = from;
  while (at < end && bytes[at] !== byte) at++;
  return at;
}
