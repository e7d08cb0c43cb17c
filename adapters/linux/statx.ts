import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const AT_EMPTY_PATH = 0x1000;
/** Takes cached attributes, so that a stalled network or FUSE server can't block the caller (statx(2)). */
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_TYPE = 0x1;
const STATX_MNT_ID = 0x1000;
export const STATX_MNT_ID_UNIQUE = 0x4000;

let memory: NativeMemory | undefined;
function buffer(): NativeMemory {
  memory ??= allocate(4096);
  return memory;
}

/** Type of an open file (S_IFMT >> 12) and the id of the mount it is on; or minus an errno. */
export function describeDescriptor(descriptor: number): { fileType: number; mountId: number } | number {
  const m = buffer();
  m.u8[1024] = 0;
  const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const result = systemCall(
    'statx',
    descriptor,
    m.address + 1024,
    flags,
    STATX_TYPE | STATX_MNT_ID,
    m.address,
  );
  if (result < 0) return result;
  return { fileType: (m.u16[28 >> 1] as number) >> 12, mountId: Number(m.u64[144 >> 3]) };
}

/** The mount's unique 64-bit id (Linux 6.8), or minus an errno; -ENOTSUP where the kernel has none. */
export function uniqueMountId(descriptor: number): bigint | number {
  const m = buffer();
  m.u8[1024] = 0;
  const flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  const result = systemCall('statx', descriptor, m.address + 1024, flags, STATX_MNT_ID_UNIQUE, m.address);
  if (result < 0) return result;
  if (((m.u32[0] as number) & STATX_MNT_ID_UNIQUE) === 0) return -95;
  return m.u64[144 >> 3] as bigint;
}
