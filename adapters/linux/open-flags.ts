import { hotSyscalls } from './native.js';

/** Flags of open(2) that are the same everywhere deputy runs. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/** O_DIRECTORY and O_NOFOLLOW differ between architectures (asm/fcntl.h). */
export function architectureOpenFlags(): { O_DIRECTORY: number; O_NOFOLLOW: number; O_DIRECT: number } {
  return hotSyscalls().architecture.openFlags;
}

export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EACCESS = 0x200;
