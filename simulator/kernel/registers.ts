import { argumentRegisters, registersBytes } from '../../core/injector/ptrace-registers.js';

const twoTo32 = 0x1_0000_0000;

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
    return this.get(argumentRegisters[index] as number);
  }

  setArgument(index: number, value: number): void {
    this.set(argumentRegisters[index] as number, value);
  }
}
