import { getWord, putWord } from '../../core/injector/ptrace-words.js';
import { isSwitchedOff } from './kernel-features.js';
import type { NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const PROCMAP_QUERY = 0xc0686611;
const queryBytes = 104;
const field = { flags: 8, address: 16, end: 32, permissions: 40, inode: 64, device: 72 } as const;
const ENOTTY = -25;

export const VMA_WRITABLE = 2;
export const VMA_SHARED = 8;

/**
 * The PROCMAP_QUERY ioctl (proc_pid_maps(5), Linux 6.11) on an open /proc/TID/maps: the end of the mapping
 * that holds `remote` and has the wanted permissions, or minus an errno (-ENOENT: none, -ENOTTY before 6.11).
 */
export function endOfMapping(
  mappings: number,
  remote: number,
  wanted: number,
  scratch: NativeMemory,
  at = 0,
): number {
  if (isSwitchedOff('PROCMAP_QUERY')) return ENOTTY;
  scratch.u8.fill(0, at, at + queryBytes);
  putWord(scratch, at, queryBytes);
  putWord(scratch, at + field.flags, wanted);
  putWord(scratch, at + field.address, remote);
  const result = systemCall('ioctl', mappings, PROCMAP_QUERY, scratch.address + at);
  return result < 0 ? result : getWord(scratch, at + field.end);
}

/** Of the mapping that endOfMapping() found: is it private and no file's? */
export function isPrivateAndAnonymous(scratch: NativeMemory, at = 0): boolean {
  const isFree = (offset: number): boolean => getWord(scratch, at + offset) === 0;
  const permissions = getWord(scratch, at + field.permissions);
  return isFree(field.inode) && isFree(field.device) && (permissions & VMA_SHARED) === 0;
}
