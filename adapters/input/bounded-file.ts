import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { DeputyError } from '../../core/errors/deputy-error.js';

/** Makes the error of the file's own kind: from what is wrong with it, or from what the kernel said. */
export type Unreadable = (detail: string | undefined, cause?: Error) => DeputyError;

/** Reads a regular file of at most so many bytes as text. Throws what `unreadable` makes. */
export function readBoundedFile(path: string, maximumBytes: number, unreadable: Unreadable): string {
  let descriptor: number | undefined;
  try {
    // Opened without blocking, so that a fifo in the file's place is refused and not waited for.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return readBounded(descriptor, maximumBytes, unreadable);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) throw unreadable(undefined, error);
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Reads a stream to its end, as text, if that comes within so many bytes. Throws what `unreadable` makes. */
export async function readBoundedStream(
  input: AsyncIterable<Buffer | string>,
  maximumBytes: number,
  unreadable: Unreadable,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > maximumBytes) throw unreadable(tooLarge(maximumBytes));
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readBounded(descriptor: number, maximumBytes: number, unreadable: Unreadable): string {
  if (!fstatSync(descriptor).isFile()) throw unreadable('it is not a regular file');
  // One byte more than allowed tells a file that is too large, even one that grows meanwhile.
  const buffer = Buffer.alloc(maximumBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < buffer.length; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maximumBytes) throw unreadable(tooLarge(maximumBytes));
  return buffer.toString('utf8', 0, length);
}

function tooLarge(maximumBytes: number): string {
  return `it is larger than ${maximumBytes / 1024 / 1024} MiB`;
}
