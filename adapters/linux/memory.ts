import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { systemCall, viewMemory } from './native.js';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MADV_POPULATE_WRITE = 23;

/** Memory with a fixed address, readable and writable from JavaScript. */
export class NativeMemory {
  readonly buffer: ArrayBuffer;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u64: BigUint64Array;

  constructor(
    readonly address: number,
    readonly bytes: number,
  ) {
    this.buffer = viewMemory(address, bytes);
    this.u8 = new Uint8Array(this.buffer);
    this.u16 = new Uint16Array(this.buffer);
    this.u32 = new Uint32Array(this.buffer);
    this.i32 = new Int32Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.u64 = new BigUint64Array(this.buffer);
  }

  /** Copies `text` as a NUL-terminated string to `offset`; the caller has made room for it. */
  putString(offset: number, text: string, encoding: BufferEncoding = 'utf8'): void {
    const bytes = Buffer.from(text, encoding);
    this.u8.set(bytes, offset);
    this.u8[offset + bytes.length] = 0;
  }
}

/** Anonymous private memory, zeroed (mmap(2)); never freed, so allocate once a process or a thread. */
export function allocate(bytes: number): NativeMemory {
  const rounded = Math.ceil(bytes / 4096) * 4096;
  const address = systemCall('mmap', 0, rounded, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (address < 0) {
    const detail = `mmap: ${errnoText(-address)}`;
    throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'bytes of memory', limit: rounded, detail });
  }
  return new NativeMemory(address, rounded);
}

/**
 * Maps a whole file shared and writable, and faults it in (MADV_POPULATE_WRITE, Linux 5.14) so that the first
 * store into a page costs nothing later. Returns the address, or minus an errno.
 */
export function mapShared(fileDescriptor: number, bytes: number): number {
  const address = systemCall('mmap', 0, bytes, PROT_READ_WRITE, MAP_SHARED, fileDescriptor, 0);
  if (address > 0) systemCall('madvise', address, bytes, MADV_POPULATE_WRITE);
  return address;
}

/** Unmaps what mapShared() mapped (munmap(2)): 0 or minus an errno. */
export function unmap(address: number, bytes: number): number {
  return systemCall('munmap', address, bytes);
}

const MAP_FIXED_ANONYMOUS = 0x32;
const MAP_NORESERVE = 0x4000;

/**
 * Puts empty anonymous memory in the place of a mapping. The file is let go, and a view that is still around
 * reads zeros instead of crashing the process.
 */
export function replaceWithAnonymous(address: number, bytes: number): number {
  const flags = MAP_FIXED_ANONYMOUS | MAP_NORESERVE;
  return systemCall('mmap', address, bytes, PROT_READ_WRITE, flags, -1, 0);
}
