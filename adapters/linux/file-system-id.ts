import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

/** Requests of ioctl(2) that tell a file system's UUID, and where in their answer it stands. */
const FS_IOC_GETFSUUID = { request: 0x8011_1500, at: 1 } as const;
const EXT4_IOC_GETFSUUID = { request: 0x8008_662c, at: 8 } as const;
const BTRFS_IOC_FS_INFO = { request: 0x8400_941f, at: 16 } as const;
const XFS_IOC_FSGEOMETRY_V1 = { request: 0x8070_5864, at: 64 } as const;

/** What kernels before 6.9, which lack the general request, know instead; the UUID is the same one. */
const olderRequests: Readonly<Record<string, { readonly request: number; readonly at: number }>> = {
  ext2: EXT4_IOC_GETFSUUID,
  ext3: EXT4_IOC_GETFSUUID,
  ext4: EXT4_IOC_GETFSUUID,
  btrfs: BTRFS_IOC_FS_INFO,
  xfs: XFS_IOC_FSGEOMETRY_V1,
};

const uuidBytes = 16;
/** struct statfs: f_fsid, two words. */
const fsidAt = 56;

let memory: NativeMemory | undefined;
function buffer(): NativeMemory {
  memory ??= allocate(4096);
  return memory;
}

/**
 * An id of the file system that an open file is on (not O_PATH): the same after a reboot and on another
 * machine, so that handles sealed with it stay good. Its UUID where there is one; else what statfs(2) says,
 * which for some types goes with the device. '' where there is neither.
 */
export function fileSystemId(descriptor: number, type: string): string {
  const name = type.split('.', 1)[0] as string;
  const uuid = uuidOf(descriptor, name);
  if (uuid !== undefined) return `${name}:${uuid}`;
  const m = buffer();
  if (systemCall('fstatfs', descriptor, m.address) < 0) return '';
  const words = m.u8.slice(fsidAt, fsidAt + 8);
  return words.every((byte) => byte === 0) ? '' : `${name}:statfs:${hexadecimal(words)}`;
}

function uuidOf(descriptor: number, type: string): string | undefined {
  return ask(descriptor, FS_IOC_GETFSUUID) ?? ask(descriptor, olderRequests[type]);
}

/** Exported for the tests: both ways must tell the same of one file system. */
export function olderUuidOf(descriptor: number, type: string): string | undefined {
  return ask(descriptor, olderRequests[type]);
}

function ask(
  descriptor: number,
  form: { readonly request: number; readonly at: number } | undefined,
): string | undefined {
  if (form === undefined) return undefined;
  const m = buffer();
  m.u8.fill(0, 0, 1024);
  // The ext4 form wants to be told how long a UUID may be; the others overwrite it.
  if (form === EXT4_IOC_GETFSUUID) m.u32[0] = uuidBytes;
  if (systemCall('ioctl', descriptor, form.request, m.address) < 0) return undefined;
  const bytes = m.u8.slice(form.at, form.at + uuidBytes);
  return bytes.every((byte) => byte === 0) ? undefined : hexadecimal(bytes);
}

function hexadecimal(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
