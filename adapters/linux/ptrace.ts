import { systemCall } from './native.js';

/** Requests of ptrace(2), linux/ptrace.h; the same on every architecture except GETREGS and SETREGS. */
const request = {
  CONT: 7,
  KILL: 8,
  GETREGS: 12,
  SETREGS: 13,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  GETSIGMASK: 0x420a,
  SETSIGMASK: 0x420b,
} as const;

/** Bytes of the kernel's signal set, the `addr` of GETSIGMASK and SETSIGMASK. */
const signalSetBytes = 8;

/** Starts tracing a thread without stopping it (PTRACE_SEIZE, ptrace(2)): 0, -EPERM, -ESRCH. */
export function seize(threadId: number, options: number): number {
  return systemCall('ptrace', request.SEIZE, threadId, 0, options);
}

/** Asks a seized thread to stop (PTRACE_INTERRUPT, ptrace(2)); the stop is reported through wait4(2). */
export function interrupt(threadId: number): number {
  return systemCall('ptrace', request.INTERRUPT, threadId, 0, 0);
}

/** Lets a stopped thread go on (PTRACE_CONT, ptrace(2)); `signal` is delivered, 0 for none. */
export function resume(threadId: number, signal: number): number {
  return systemCall('ptrace', request.CONT, threadId, 0, signal);
}

/** As resume(), but the thread stops again where it enters or leaves a system call (PTRACE_SYSCALL). */
export function resumeToSyscall(threadId: number, signal: number): number {
  return systemCall('ptrace', request.SYSCALL, threadId, 0, signal);
}

/** Ends the tracing of a stopped thread (PTRACE_DETACH, ptrace(2)); `signal` is delivered, 0 for none. */
export function detach(threadId: number, signal: number): number {
  return systemCall('ptrace', request.DETACH, threadId, 0, signal);
}

/** Sets the options of a stopped thread (PTRACE_SETOPTIONS, ptrace(2)): 0, -EPERM, -EINVAL, -ESRCH. */
export function setOptions(threadId: number, options: number): number {
  return systemCall('ptrace', request.SETOPTIONS, threadId, 0, options);
}

/** Copies a stopped thread's registers to `address` (PTRACE_GETREGS, ptrace(2); x86-64 only). */
export function getRegisters(threadId: number, address: number): number {
  return systemCall('ptrace', request.GETREGS, threadId, 0, address);
}

/** Sets a stopped thread's registers from `address` (PTRACE_SETREGS, ptrace(2); x86-64 only). */
export function setRegisters(threadId: number, address: number): number {
  return systemCall('ptrace', request.SETREGS, threadId, 0, address);
}

/** Copies a stopped thread's blocked signals, 8 bytes, to `address` (PTRACE_GETSIGMASK, ptrace(2)). */
export function getSignalMask(threadId: number, address: number): number {
  return systemCall('ptrace', request.GETSIGMASK, threadId, signalSetBytes, address);
}

/** Sets a stopped thread's blocked signals from `address` (PTRACE_SETSIGMASK, ptrace(2)). */
export function setSignalMask(threadId: number, address: number): number {
  return systemCall('ptrace', request.SETSIGMASK, threadId, signalSetBytes, address);
}

/**
 * Kills a traced thread's process (PTRACE_KILL, ptrace(2)): needs no CAP_KILL, since the tracer may do
 * anything to what it traces.
 */
export function killTraced(threadId: number): number {
  return systemCall('ptrace', request.KILL, threadId, 0, 0);
}
