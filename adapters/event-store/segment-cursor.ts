import { type FileHandle, open } from 'node:fs/promises';
import { deputyError } from '../../core/errors/deputy-error.js';
import { lineJson, newline } from './line.js';

const chunkBytes = 256 * 1024;
const maximumLineBytes = 16 * 1024 * 1024;

/**
 * Reads a segment forward, line by line, checking each. It keeps nothing but an offset between two calls, so
 * the file may grow meanwhile, and its unfinished end may be cut off and written anew.
 */
export class SegmentCursor {
  readonly #file: FileHandle;
  readonly #path: string;
  #buffer = Buffer.allocUnsafe(chunkBytes);
  #offset = 0;
  #lineCount = 0;
  /** A bad line was found where the next line starts, and is being looked at once more. */
  #isSuspect = false;

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  static async open(path: string): Promise<SegmentCursor> {
    return new SegmentCursor(await open(path, 'r'), path);
  }

  /** The byte where the next line starts. */
  get offset(): number {
    return this.#offset;
  }

  /** How many lines have been read. */
  get lineCount(): number {
    return this.#lineCount;
  }

  /**
   * The JSON of the next lines; none if the file has no further complete line now. The buffers are only good
   * until the next call. A line that fails its checksum is an unfinished write if nothing complete follows,
   * and is not passed; else it throws DEPUTY_E_STORE_CORRUPT.
   */
  async readLines(): Promise<Buffer[]> {
    for (;;) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, this.#buffer.length, this.#offset);
      const filled = this.#buffer.subarray(0, bytesRead);
      if (filled.includes(newline)) {
        return this.#takeLines(filled);
      }
      if (bytesRead < this.#buffer.length) {
        return [];
      }
      this.#growBuffer();
    }
  }

  /** Are there bytes after the last complete line? */
  async hasRemainder(): Promise<boolean> {
    const { size } = await this.#file.stat();
    return size > this.#offset;
  }

  /** What a reader throws when it meets something that cannot be. */
  corrupt(detail: string, lineNumber = this.#lineCount + 1) {
    return deputyError('DEPUTY_E_STORE_CORRUPT', { path: this.#path, line: lineNumber, detail });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #takeLines(filled: Buffer): Promise<Buffer[]> {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = filled.indexOf(newline); end >= 0; end = filled.indexOf(newline, start)) {
      const json = lineJson(filled.subarray(start, end));
      if (json === undefined) {
        return this.#takeUpTo(start, lines, await this.#isFollowed(filled, end + 1));
      }
      lines.push(json);
      start = end + 1;
    }
    return this.#takeUpTo(start, lines, false);
  }

  /** Passes the lines before `start`; a bad line there that others follow is read again, then corrupt. */
  async #takeUpTo(start: number, lines: Buffer[], isCorrupt: boolean): Promise<Buffer[]> {
    this.#offset += start;
    this.#lineCount += lines.length;
    if (lines.length > 0 || !isCorrupt) {
      this.#isSuspect = false;
      return lines;
    }
    if (this.#isSuspect) {
      throw this.corrupt('the checksum does not match');
    }
    // A writer that starts again may have cut the line off and written on between two reads.
    this.#isSuspect = true;
    return this.readLines();
  }

  async #isFollowed(filled: Buffer, next: number): Promise<boolean> {
    return filled.includes(newline, next) || (await this.#hasNewlineFrom(this.#offset + filled.length));
  }

  async #hasNewlineFrom(offset: number): Promise<boolean> {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let position = offset; ; ) {
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, position);
      if (bytesRead === 0 || chunk.subarray(0, bytesRead).includes(newline)) {
        return bytesRead > 0;
      }
      position += bytesRead;
    }
  }

  #growBuffer(): void {
    if (this.#buffer.length >= maximumLineBytes) {
      throw this.corrupt(`a line is longer than ${maximumLineBytes} bytes`);
    }
    this.#buffer = Buffer.allocUnsafe(this.#buffer.length * 2);
  }
}
