import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { AT_EMPTY_PATH } from './open-flags.js';
import { describeDescriptor } from './statx.js';

/** Inode numbers of the roots of file systems that always have the same one. */
const rootInodes: Readonly<Record<string, bigint>> = { ext2: 2n, ext3: 2n, ext4: 2n, btrfs: 256n };

/** btrfs: the id of the top-level subvolume, from which all others can be reached. */
const topSubvolume = 5n;
/** Where in a btrfs handle the subvolume's id stands (fs/btrfs/export.h). */
const subvolumeAt = 16;

let memory: NativeMemory | undefined;
function buffer(): NativeMemory {
  memory ??= allocate(4096);
  return memory;
}

/**
 * Is an open directory, the root of a mount, the root of its whole file system, as far as more than the path
 * in mountinfo can tell? On btrfs a subvolume has a root of its own, but handles reach all of them.
 */
export function isFileSystemRoot(descriptor: number, type: string): boolean {
  const description = describeDescriptor(descriptor);
  if (typeof description === 'number') return false;
  const name = type.split('.', 1)[0] as string;
  const expected = rootInodes[name];
  if (expected !== undefined && description.inode !== expected) return false;
  return name !== 'btrfs' || subvolumeOf(descriptor) === topSubvolume;
}

function subvolumeOf(descriptor: number): bigint | undefined {
  const m = buffer();
  m.u32[0] = 128;
  m.u8[1024] = 0;
  const { address } = m;
  const result = systemCall(
    'name_to_handle_at',
    descriptor,
    address + 1024,
    address,
    address + 2048,
    AT_EMPTY_PATH,
  );
  return result < 0 ? undefined : m.u64[subvolumeAt >> 3];
}
