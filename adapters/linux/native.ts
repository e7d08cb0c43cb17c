import koffi from 'koffi';
import { deputyError } from '../../core/errors/deputy-error.js';
import { kernelEntry } from './kernel-entry.js';
import { type Architecture, architectureOf, type SyscallName } from './syscall-numbers.js';

/**
 * The one door to the kernel: syscall(2), with seven longs. It never allocates: addresses are numbers
 * (user space ends below 2^47, so a double holds them exactly).
 */
export type Syscall = (
  number: number,
  a?: number,
  b?: number,
  c?: number,
  d?: number,
  e?: number,
  f?: number,
) => number;

interface NativeLibrary {
  readonly architecture: Architecture;
  readonly syscall: Syscall;
  readonly numbers: Readonly<Record<SyscallName, number>>;
}

function load(): NativeLibrary {
  const action = 'serving targets';
  if (process.platform !== 'linux') {
    throw deputyError('DEPUTY_E_NOT_LINUX', { action, platform: process.platform });
  }
  const architecture = architectureOf(process.arch);
  if (!architecture) {
    throw deputyError('DEPUTY_E_ARCHITECTURE_UNSUPPORTED', { action, architecture: process.arch });
  }
  const enter = kernelEntry(architecture);
  const syscall: Syscall = (number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0) =>
    enter(number, a, b, c, d, e, f);
  return { architecture, syscall, numbers: architecture.syscalls };
}

let library: NativeLibrary | undefined;

/** Loads libc once. Throws a coded error off Linux or on an architecture without a syscall table. */
export function native(): NativeLibrary {
  library ??= load();
  return library;
}

/**
 * Calls the kernel: the value (0 or more), or minus the errno as the kernel's own convention has it
 * (`-EBADF` is -9). Never throws for an errno.
 */
export function systemCall(name: SyscallName, ...args: number[]): number {
  const { syscall, numbers } = native();
  return syscall(numbers[name], ...(args as [number?, number?, number?, number?, number?, number?]));
}

/**
 * Ends the process without waiting for its threads, as process.exit() would: one that is stuck in the kernel
 * would keep it for as long as the call lasts (exit_group(2)).
 */
export function exitAtOnce(code: number): never {
  systemCall('exit_group', code);
  throw new Error('exit_group returned');
}

/** `syscall` and the number of each call, for hot paths that fetch both once. */
export function hotSyscalls(): Pick<NativeLibrary, 'syscall' | 'numbers' | 'architecture'> {
  return native();
}

/** An ArrayBuffer over memory that mmap(2) gave; the caller keeps the mapping alive. */
export function viewMemory(address: number, bytes: number): ArrayBuffer {
  return koffi.view(BigInt(address), bytes) as ArrayBuffer;
}
