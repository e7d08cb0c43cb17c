import { isSwitchedOff } from './kernel-features.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const ENOTSUP = -95;
const AT_EMPTY_PATH = 0x1000;
/** Takes cached attributes, so that a stalled network or FUSE server can't block the caller (statx(2)). */
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_TYPE = 0x1;
const STATX_INO = 0x100;
const STATX_MNT_ID = 0x1000;
export const STATX_MNT_ID_UNIQUE = 0x4000;

let memory: NativeMemory | undefined;
function buffer(): NativeMemory {
  memory ??= allocate(4096);
  return memory;
}

/** What statx(2) says of an open file. */
export interface FileDescription {
  /** S_IFMT >> 12. */
  readonly fileType: number;
  /** The id of the mount it is on. */
  readonly mountId: number;
  readonly inode: bigint;
}

/** Describes an open file without waiting for anything; or minus an errno. */
export function describeDescriptor(descriptor: number): FileDescription | number {
  const m = buffer();
  m.u8[1024] = 0;
  const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const result = systemCall(
    'statx',
    descriptor,
    m.address + 1024,
    flags,
    STATX_TYPE | STATX_INO | STATX_MNT_ID,
    m.address,
  );
  if (result < 0) return result;
  return {
    fileType: (m.u16[28 >> 1] as number) >> 12,
    mountId: Number(m.u64[144 >> 3]),
    inode: m.u64[32 >> 3] as bigint,
  };
}

const STATX_SIZE = 0x200;
const STATX_CTIME = 0x80;

/**
 * A 31-bit number of a file's size and change time, or minus an errno: another after every write and
 * truncation. The change time has the resolution of the file system (4 ms at worst), so that two changes
 * within one tick that leave the same size look alike.
 */
export function fingerprintOf(descriptor: number): number {
  const m = buffer();
  m.u8[1024] = 0;
  const result = systemCall(
    'statx',
    descriptor,
    m.address + 1024,
    AT_EMPTY_PATH,
    STATX_SIZE | STATX_CTIME,
    m.address,
  );
  if (result < 0) return result;
  let hash = 0x811c9dc5;
  // stx_size at 40, stx_ctime (seconds at 96, nanoseconds at 104).
  for (const word of [40, 44, 96, 100, 104])
    hash = Math.imul(hash ^ (m.u32[word >> 2] as number), 0x01000193);
  return hash >>> 1;
}

/** The mount's unique 64-bit id (Linux 6.8), or minus an errno; -ENOTSUP where the kernel has none. */
export function uniqueMountId(descriptor: number): bigint | number {
  if (isSwitchedOff('UNIQUE_MOUNT_ID')) return ENOTSUP;
  const m = buffer();
  m.u8[1024] = 0;
  const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const result = systemCall('statx', descriptor, m.address + 1024, flags, STATX_MNT_ID_UNIQUE, m.address);
  if (result < 0) return result;
  if (((m.u32[0] as number) & STATX_MNT_ID_UNIQUE) === 0) return ENOTSUP;
  return m.u64[144 >> 3] as bigint;
}
