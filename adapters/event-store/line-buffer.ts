import { crc32 } from 'node:zlib';
import { checksumLength, newline, space } from './line.js';

const firstBytes = 64 * 1024;
/** A buffer that one huge batch made larger than this is let go again. */
const keptBytes = 4 * 1024 * 1024;
const hexadecimal = Buffer.from('0123456789abcdef', 'latin1');

/**
 * Lines of a segment (see encodeLine) put together in memory that is used again and again: one batch follows
 * the other all day, and nothing is left for the garbage collector.
 */
export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #length = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The lines so far; valid until the next line is added. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    this.#length = 0;
    this.#count = 0;
  }

  /** Adds an event. */
  add(json: string): void {
    // UTF-16 code units become three bytes of UTF-8 at most.
    const start = this.#begin(json.length * 3);
    this.#end(start, start + this.#bytes.write(json, start, 'utf8'));
  }

  /** Adds an event that is UTF-8 already: the bytes from `from` to `to`. */
  addBytes(json: Uint8Array, from: number, to: number): void {
    const start = this.#begin(to - from);
    this.#bytes.set(json.subarray(from, to), start);
    this.#end(start, start + to - from);
  }

  #begin(length: number): number {
    const wanted = this.#length + checksumLength + 2 + length;
    if (wanted > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#length + checksumLength + 1;
  }

  #end(start: number, end: number): void {
    let rest = crc32(this.#bytes.subarray(start, end));
    for (let at = this.#length + checksumLength - 1; at >= this.#length; at--, rest >>>= 4) {
      this.#bytes[at] = hexadecimal[rest & 15] as number;
    }
    this.#bytes[start - 1] = space;
    this.#bytes[end] = newline;
    this.#length = end + 1;
    this.#count++;
  }
}
