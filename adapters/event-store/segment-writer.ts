import { close, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { deputyError } from '../../core/errors/deputy-error.js';

const fdatasyncPromise = promisify(fdatasync);
const closePromise = promisify(close);

/**
 * The segment that is being written. Writing is synchronous: a batch costs less than a trip to a thread pool,
 * and nothing can come between deciding an append and doing it. Syncing to the disk is not.
 */
export class SegmentWriter {
  readonly #descriptor: number;
  readonly #path: string;
  #length: number;
  #isDirty = false;
  #syncing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** Opens a segment for appending after its first `length` bytes; what follows them is cut off. */
  constructor(path: string, length: number) {
    this.#path = path;
    this.#length = length;
    try {
      this.#descriptor = openSync(path, 'a', 0o600);
      ftruncateSync(this.#descriptor, length);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  get length(): number {
    return this.#length;
  }

  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Appends all the bytes or none. Throws DEPUTY_E_DISK_FULL or DEPUTY_E_STATE_DIRECTORY_UNWRITABLE. */
  append(bytes: Buffer): void {
    this.#assertUsable();
    try {
      for (let written = 0; written < bytes.length; ) {
        written += writeSync(this.#descriptor, bytes, written);
      }
    } catch (error) {
      this.#cutBack();
      throw writeError(this.#path, error);
    }
    this.#length += bytes.length;
    this.#isDirty = true;
  }

  /** Resolves when what has been appended so far survives a loss of power. */
  async sync(): Promise<void> {
    this.#assertUsable();
    this.#isDirty = false;
    this.#syncing = this.#syncing.then(() => this.#syncNow());
    await this.#syncing;
  }

  /** Syncs and closes. */
  async close(): Promise<void> {
    try {
      await (this.#isDirty ? this.sync() : this.#syncing);
    } finally {
      await closePromise(this.#descriptor);
    }
  }

  async #syncNow(): Promise<void> {
    try {
      await fdatasyncPromise(this.#descriptor);
    } catch (error) {
      // The kernel reports a failed write-back once and drops the pages, so going on would hide a hole.
      this.#failure = writeError(this.#path, error);
      throw this.#failure;
    }
  }

  #assertUsable(): void {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }

  #cutBack(): void {
    try {
      ftruncateSync(this.#descriptor, this.#length);
    } catch (error) {
      this.#failure = writeError(this.#path, error);
    }
  }
}

/** What a failed system call on a file of the store is reported as. */
export function writeError(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return deputyError(isFull ? 'DEPUTY_E_DISK_FULL' : 'DEPUTY_E_STATE_DIRECTORY_UNWRITABLE', { path }, error);
}
