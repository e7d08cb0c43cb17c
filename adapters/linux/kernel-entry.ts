import koffi from 'koffi';
import type { Architecture } from './syscall-numbers.js';

/** libc's syscall(2): the number of the call and six arguments. */
export type KernelEntry = (
  number: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
) => number;

const signature = 'int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t';
const PAGE_BYTES = 4096;
const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_PRIVATE_ANONYMOUS = 0x22;

/**
 * syscall(2) of the System V ABI without errno: the number and six arguments go where the kernel takes them
 * (syscall(2), "Architecture calling conventions"), and what it returns in rax is what the caller gets.
 */
const x64 = [
  [0x48, 0x89, 0xf8], // mov rax, rdi
  [0x48, 0x89, 0xf7], // mov rdi, rsi
  [0x48, 0x89, 0xd6], // mov rsi, rdx
  [0x48, 0x89, 0xca], // mov rdx, rcx
  [0x4d, 0x89, 0xc2], // mov r10, r8
  [0x4d, 0x89, 0xc8], // mov r8, r9
  [0x4c, 0x8b, 0x4c, 0x24, 0x08], // mov r9, [rsp + 8]
  [0x0f, 0x05], // syscall
  [0xc3], // ret
].flat();

/**
 * How this process calls the kernel: a value, or minus an errno as the kernel itself returns it.
 *
 * libc leaves the errno in a variable of the thread, which has to be asked for in a second call; what V8 does
 * in between (collect garbage, change the protection of code) may fail and leave its own there, which would
 * explain why a target was once told ENOMEM of a stale handle. So on x86-64 it is nine instructions of ours.
 * Where memory may not be made executable, and on other architectures, it is libc's, with its gap.
 */
export function kernelEntry(architecture: Architecture): KernelEntry {
  const libc = koffi.load(null);
  const raw = libc.func(`int64_t syscall(${signature})`) as KernelEntry;
  const errno = koffi.errno;
  const throughLibc: KernelEntry = (number, a, b, c, d, e, f) => {
    const result = raw(number, a, b, c, d, e, f);
    return result === -1 ? -errno() : result;
  };
  if (architecture.name !== 'x64') return throughLibc;
  const { mmap, mprotect, munmap } = architecture.syscalls;
  const writable = PROT_READ | PROT_WRITE;
  const address = throughLibc(mmap, 0, PAGE_BYTES, writable, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (address < 0) return throughLibc;
  new Uint8Array(koffi.view(BigInt(address), PAGE_BYTES) as ArrayBuffer).set(x64);
  if (throughLibc(mprotect, address, PAGE_BYTES, PROT_READ | PROT_EXEC, 0, 0, 0) < 0) {
    throughLibc(munmap, address, PAGE_BYTES, 0, 0, 0, 0);
    return throughLibc;
  }
  return koffi.decode(BigInt(address), koffi.proto(`int64_t (${signature})`)) as KernelEntry;
}
