import { putWord } from '../../core/injector/ptrace-words.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { endOfMapping, isPrivateAndAnonymous, VMA_WRITABLE } from './process-mappings.js';

const ENOENT = -2;

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

const queryAt = 512;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;

/**
 * Is the memory private, anonymous and writable, so that touching it can't wait for a file system's server?
 * 1 yes, 0 no, or minus an errno (-ENOTTY before Linux 6.11). Another thread may change the mapping right
 * after: it narrows a hole, it doesn't close it.
 */
export function isAnonymousMemory(threadId: number, remote: number, bytes: number): number {
  scratch ??= allocate(4096);
  scratch.putString(256, `/proc/${threadId}/maps`);
  const maps = systemCall('openat', AT_FDCWD, scratch.address + 256, O_CLOEXEC);
  if (maps < 0) return maps;
  const end = endOfMapping(maps, remote, VMA_WRITABLE, scratch, queryAt);
  systemCall('close', maps);
  if (end < 0) return end === ENOENT ? 0 : end;
  return isPrivateAndAnonymous(scratch, queryAt) && remote + bytes <= end ? 1 : 0;
}
