import type { NativeMemory } from '../linux/memory.js';

/**
 * What the listener keeper of deputy-wrap and a sidecar say to each other, in the machine's byte order: both
 * are on one machine. The same numbers stand in native/deputy-wrap.c.
 */
export const magic = 0x4b4c5044;
export const version = 1;
/** magic, version, key (0: none yet), the program's process id; the listener comes beside it. */
export const helloBytes = 16;
export const wordType = { key: 1, refused: 2 } as const;
const wordHeaderBytes = 12;
const textLimitBytes = 239;

/** What a listener keeper says of itself. None of it is believed before it was looked at. */
export interface Hello {
  /** What the sidecar's predecessor called the listener; 0 where none did. */
  readonly key: number;
  readonly processId: number;
}

/** A hello of this version, or undefined. */
export function readHello({ u32 }: NativeMemory, bytes: number): Hello | undefined {
  if (bytes !== helloBytes || u32[0] !== magic || u32[1] !== version) return undefined;
  return { key: u32[2] as number, processId: u32[3] as number };
}

/** Writes a word to a listener keeper; the bytes to send. */
export function writeWord(memory: NativeMemory, type: number, key: number, text = ''): number {
  const short = Buffer.from(text, 'utf8').subarray(0, textLimitBytes);
  memory.u32[0] = magic;
  memory.u32[1] = type;
  memory.u32[2] = key;
  memory.u8.set(short, wordHeaderBytes);
  return wordHeaderBytes + short.length;
}
