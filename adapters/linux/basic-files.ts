import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

let scratch: NativeMemory | undefined;
function pathScratch(path: string, encoding: BufferEncoding = 'utf8'): number {
  scratch ??= allocate(16384);
  if (Buffer.byteLength(path, encoding) > 8000) return -1;
  scratch.putString(0, path, encoding);
  return scratch.address;
}

const ENAMETOOLONG = -36;

/** openat(2): a descriptor or minus an errno. */
export function openAt(directory: number, path: string, flags: number, mode = 0): number {
  const address = pathScratch(path);
  return address < 0 ? ENAMETOOLONG : systemCall('openat', directory, address, flags, mode);
}

export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;

/**
 * openat2(2) with `resolve` flags: a descriptor or minus an errno. Paths of a target are bytes, not text:
 * they come as 'latin1', one character a byte.
 */
export function openAt2(
  directory: number,
  path: string,
  flags: number,
  resolve: number,
  encoding: BufferEncoding = 'utf8',
): number {
  const address = pathScratch(path, encoding);
  if (address < 0) return ENAMETOOLONG;
  const how = scratch as NativeMemory;
  const at = 12288;
  how.u64[at >> 3] = BigInt(flags);
  how.u64[(at >> 3) + 1] = 0n;
  how.u64[(at >> 3) + 2] = BigInt(resolve);
  return systemCall('openat2', directory, address, how.address + at, 24);
}

/** close(2): 0 or minus an errno. */
export function closeDescriptor(descriptor: number): number {
  return systemCall('close', descriptor);
}

/** readlinkat(2): the text, or minus an errno. */
export function readLinkAt(
  directory: number,
  path: string,
  encoding: BufferEncoding = 'utf8',
): string | number {
  const address = pathScratch(path);
  if (address < 0) return ENAMETOOLONG;
  const memory = scratch as NativeMemory;
  const length = systemCall('readlinkat', directory, address, memory.address + 8192, 4096);
  if (length < 0) return length;
  return Buffer.from(memory.buffer, 8192, length).toString(encoding);
}

/**
 * Reads a whole small file below a directory descriptor as text, up to `limitBytes`: text or minus an errno.
 */
export function readTextAt(directory: number, path: string, limitBytes: number): string | number {
  const descriptor = openAt(directory, path, 0o2000000);
  if (descriptor < 0) return descriptor;
  const memory = readScratch();
  const parts: Buffer[] = [];
  let total = 0;
  for (;;) {
    const count = systemCall('pread64', descriptor, memory.address, memory.bytes, total);
    if (count <= 0) {
      systemCall('close', descriptor);
      return count < 0 ? count : Buffer.concat(parts).toString('utf8');
    }
    parts.push(Buffer.from(memory.u8.slice(0, count)));
    total += count;
    if (total >= limitBytes) {
      systemCall('close', descriptor);
      return Buffer.concat(parts).toString('utf8');
    }
  }
}

let readMemory: NativeMemory | undefined;
function readScratch(): NativeMemory {
  readMemory ??= allocate(65536);
  return readMemory;
}
