/** Byte offsets in `struct user_regs_struct` of x86-64 (sys/user.h), the layout of PTRACE_GETREGS. */
export const register = {
  r10: 7 * 8,
  r9: 8 * 8,
  r8: 9 * 8,
  rax: 10 * 8,
  rdx: 12 * 8,
  rsi: 13 * 8,
  rdi: 14 * 8,
  /** The number of the system call that the thread is in, -1 for none: what decides about restarts. */
  originalRax: 15 * 8,
  rip: 16 * 8,
  rsp: 19 * 8,
} as const;

export const registersBytes = 27 * 8;

/** Where a system call's six arguments are. */
export const argumentRegisters = [
  register.rdi,
  register.rsi,
  register.rdx,
  register.r10,
  register.r8,
  register.r9,
] as const;

/** Length of the `syscall` instruction, 0f 05. */
export const syscallInstructionBytes = 2;

/** Bytes below the stack pointer that belong to the running function (System V ABI for x86-64, 3.2.2). */
export const redZoneBytes = 128;

const restartErrnos: ReadonlySet<number> = new Set([-512, -513, -514, -516]);

/** Is it one of the kernel's own ERESTART values, which a program never sees (linux/errno.h)? */
export function isRestartErrno(value: number): boolean {
  return restartErrnos.has(value);
}
