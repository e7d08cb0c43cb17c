import { errnoNumbers } from '../../core/errors/errno.js';
import type { KernelAbi } from '../../core/ports/kernel.js';

/** The modelled machine is x86-64: system calls by number (asm/unistd_64.h). */
export const syscall = {
  close: 3,
  mmap: 9,
  munmap: 11,
  dup: 32,
  recvmsg: 47,
  unshare: 272,
  dup3: 292,
  nameToHandleAt: 303,
  openByHandleAt: 304,
} as const;

export const abi: KernelAbi = {
  auditArchitecture: 0xc000003e,
  foreignSyscallBit: 0x40000000,
  openByHandleAt: syscall.openByHandleAt,
  nameToHandleAt: syscall.nameToHandleAt,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
};

/** Flags of open(2). */
export const flag = {
  O_ACCMODE: 3,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
} as const;

export const AT_FDCWD = -100;

/** __X32_SYSCALL_BIT: calls of the x32 table have it in their number. */
export const foreignBit = 0x40000000;

/** Signals by number (signal(7)). */
export const signal = {
  SIGHUP: 1,
  SIGTRAP: 5,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGWINCH: 28,
  SIGSYS: 31,
} as const;

/** The kernel's own results that say that a call is to be made anew (linux/errno.h). */
export const ERESTARTSYS = -512;
export const ERESTARTNOINTR = -513;

/** Minus an errno, by its name. */
export function no(name: keyof typeof errnoNumbers): number {
  return -errnoNumbers[name];
}
