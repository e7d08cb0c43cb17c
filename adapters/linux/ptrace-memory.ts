import { putWord } from '../../core/injector/ptrace-words.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

let scratch: NativeMemory | undefined;

function vectors(local: number, remote: number, bytes: number): number {
  scratch ??= allocate(4096);
  putWord(scratch, 0, local);
  putWord(scratch, 8, bytes);
  putWord(scratch, 16, remote);
  putWord(scratch, 24, bytes);
  return scratch.address;
}

/** Copies from another process's memory (process_vm_readv(2)): how many bytes, or minus an errno. */
export function readThreadMemory(threadId: number, remote: number, local: number, bytes: number): number {
  const at = vectors(local, remote, bytes);
  return systemCall('process_vm_readv', threadId, at, 1, at + 16, 1, 0);
}

/** Copies into another process's memory (process_vm_writev(2)): how many bytes, or minus an errno. */
export function writeThreadMemory(threadId: number, remote: number, local: number, bytes: number): number {
  const at = vectors(local, remote, bytes);
  return systemCall('process_vm_writev', threadId, at, 1, at + 16, 1, 0);
}

const PROCMAP_QUERY = 0xc0686611;
const queryBytes = 104;
const field = { address: 16, end: 32, flags: 40, inode: 64, device: 72 } as const;
const VMA_WRITABLE = 2;
const VMA_SHARED = 8;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;

/**
 * Is the memory private, anonymous and writable, so that touching it can't wait for a file system's server?
 * Asked with the PROCMAP_QUERY ioctl (proc_pid_maps(5), Linux 6.11): 1 yes, 0 no, or minus an errno (-ENOTTY
 * before 6.11). Another thread may change the mapping right after: it narrows a hole, it doesn't close it.
 */
export function isAnonymousMemory(threadId: number, remote: number, bytes: number): number {
  scratch ??= allocate(4096);
  scratch.putString(256, `/proc/${threadId}/maps`);
  const maps = systemCall('openat', AT_FDCWD, scratch.address + 256, O_CLOEXEC);
  if (maps < 0) return maps;
  const at = 512;
  scratch.u8.fill(0, at, at + queryBytes);
  putWord(scratch, at, queryBytes);
  putWord(scratch, at + field.address, remote);
  const result = systemCall('ioctl', maps, PROCMAP_QUERY, scratch.address + at);
  systemCall('close', maps);
  if (result < 0) return result === -2 ? 0 : result;
  const words = scratch.u32;
  const flags = words[(at + field.flags) >> 2] as number;
  const backed =
    (words[(at + field.inode) >> 2] as number) |
    (words[(at + field.inode + 4) >> 2] as number) |
    (words[(at + field.device) >> 2] as number) |
    (words[(at + field.device + 4) >> 2] as number);
  const end =
    (words[(at + field.end) >> 2] as number) + (words[(at + field.end + 4) >> 2] as number) * 0x1_0000_0000;
  const plain = backed === 0 && (flags & VMA_WRITABLE) !== 0 && (flags & VMA_SHARED) === 0;
  return plain && remote + bytes <= end ? 1 : 0;
}
