const twoTo32 = 0x1_0000_0000;

/** Byte offsets in `struct user_regs_struct` of x86-64 (sys/user.h), for what the model moves. */
export const registerAt = {
  r10: 7 * 8,
  r9: 8 * 8,
  r8: 9 * 8,
  rax: 10 * 8,
  rdx: 12 * 8,
  rsi: 13 * 8,
  rdi: 14 * 8,
  originalRax: 15 * 8,
  rip: 16 * 8,
  rsp: 19 * 8,
} as const;

export const registersBytes = 27 * 8;
/** Length of the `syscall` instruction. */
export const instructionBytes = 2;
const argumentAt = [
  registerAt.rdi,
  registerAt.rsi,
  registerAt.rdx,
  registerAt.r10,
  registerAt.r8,
  registerAt.r9,
] as const;

/** A thread's registers, as PTRACE_GETREGS lays them out. */
export class Registers {
  readonly bytes = new Uint8Array(registersBytes);
  private readonly words = new Uint32Array(this.bytes.buffer);
  private readonly signed = new Int32Array(this.bytes.buffer);

  get(at: number): number {
    return (this.signed[(at >> 2) + 1] as number) * twoTo32 + (this.words[at >> 2] as number);
  }

  set(at: number, value: number): void {
    this.words[at >> 2] = value % twoTo32;
    this.words[(at >> 2) + 1] = Math.floor(value / twoTo32);
  }

  argument(index: number): number {
    return this.get(argumentAt[index] as number);
  }

  setArgument(index: number, value: number): void {
    this.set(argumentAt[index] as number, value);
  }
}
