import type { KernelAbi } from '../../core/ports/kernel.js';

/** The modelled machine: x86-64, as linux/audit.h, asm/unistd_64.h and asm-generic/fcntl.h have it. */
export const modelAbi: KernelAbi = {
  auditArchitecture: 0xc000003e,
  foreignSyscallBit: 0x40000000,
  nameToHandleAt: 303,
  openByHandleAt: 304,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
};

/** Flags of open(2). */
export const openFlag = {
  accessMode: 0o3,
  writeOnly: 0o1,
  readWrite: 0o2,
  create: 0o100,
  truncate: 0o1000,
  noAccessTime: 0o1000000,
  closeOnExec: 0o2000000,
  path: 0o10000000,
  temporaryFile: 0o20000000,
  directory: 0o200000,
  noFollow: 0o400000,
} as const;

/** Flags of name_to_handle_at(2). */
export const handleFlag = {
  mountIdUnique: 0x1,
  connectable: 0x2,
  fileId: 0x200,
  symlinkFollow: 0x400,
  emptyPath: 0x1000,
} as const;

export const currentDirectory = -100;

/** What a permission check asks for, as in linux/fs.h. */
export const may = { read: 4, write: 2, execute: 1 } as const;
