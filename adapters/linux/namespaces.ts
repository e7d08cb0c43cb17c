import { openSync } from 'node:fs';
import { systemCall } from './native.js';
import { describeDescriptor } from './statx.js';

/** Flags of unshare(2) and setns(2), by the names of /proc/PID/ns (namespaces(7)). */
export const namespaceFlag = {
  mnt: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  net: 0x40000000,
} as const;
export type NamespaceName = keyof typeof namespaceFlag;

/** Detaches root and working directory from the process's other threads, so that setns(2) may change them. */
export const CLONE_FS = 0x200;

const EACCES = -13;
const errnoOf: Readonly<Record<string, number>> = { ENOENT: -2, ESRCH: -3, EPERM: -1, EACCES };

/** Opens a process's namespace (/proc/PID/ns/NAME): a descriptor, or minus an errno. */
export function openNamespace(process: number | 'self', name: NamespaceName): number {
  try {
    return openSync(`/proc/${process}/ns/${name}`, 'r');
  } catch (error) {
    return errnoOf[(error as NodeJS.ErrnoException).code ?? ''] ?? EACCES;
  }
}

/** What tells a namespace from every other that exists now: its inode (ioctl_ns(2)); or minus an errno. */
export function namespaceIdentity(process: number | 'self', name: NamespaceName): bigint | number {
  const descriptor = openNamespace(process, name);
  if (descriptor < 0) return descriptor;
  const described = describeDescriptor(descriptor);
  systemCall('close', descriptor);
  return typeof described === 'number' ? described : described.inode;
}

const NS_GET_USERNS = 0xb701;

/** The identity of the user namespace that owns an open namespace (ioctl_ns(2)); or minus an errno. */
export function owningUserNamespace(descriptor: number): bigint | number {
  const owner = systemCall('ioctl', descriptor, NS_GET_USERNS);
  if (owner < 0) return owner;
  const described = describeDescriptor(owner);
  systemCall('close', owner);
  return typeof described === 'number' ? described : described.inode;
}

/** setns(2) of the calling thread: 0 or minus an errno. A mount namespace needs CLONE_FS unshared first. */
export function joinNamespaces(descriptor: number, flags: number): number {
  return systemCall('setns', descriptor, flags);
}

/** unshare(2) of the calling thread: 0 or minus an errno. */
export function unshareNamespaces(flags: number): number {
  return systemCall('unshare', flags);
}
