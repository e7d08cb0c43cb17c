import type { InjectorMemory } from './injector-kernel.js';

/** What a word is written to. */
type Words = Pick<InjectorMemory, 'u32' | 'i32'>;

const twoTo32 = 0x1_0000_0000;

/** Writes a signed 64-bit word at a byte offset (a multiple of 8) without making a BigInt. */
export function putWord(memory: Words, byteOffset: number, value: number): void {
  memory.u32[byteOffset >> 2] = value % twoTo32;
  memory.u32[(byteOffset >> 2) + 1] = Math.floor(value / twoTo32);
}

/** Reads a signed 64-bit word; exact for addresses, descriptors and errnos, which stay within 2^53. */
export function getWord(memory: Words, byteOffset: number): number {
  const low = memory.u32[byteOffset >> 2] as number;
  const high = memory.i32[(byteOffset >> 2) + 1] as number;
  return high * twoTo32 + low;
}

/** Are the two 64-bit words the same, bit for bit? */
export function sameWord(a: Words, aOffset: number, b: Words, bOffset: number): boolean {
  return (
    a.u32[aOffset >> 2] === b.u32[bOffset >> 2] && a.u32[(aOffset >> 2) + 1] === b.u32[(bOffset >> 2) + 1]
  );
}
