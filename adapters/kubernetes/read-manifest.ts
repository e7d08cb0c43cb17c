import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { parseManifestText } from './parse-manifest.js';

/** A manifest may have this many bytes at most: a cluster takes 3 MiB of an object, stores half of it. */
export const maximumManifestBytes = 4 * 1024 * 1024;

/**
 * Reads a manifest, YAML or JSON, from a file or from what `input` gives where the path is '-': a value for
 * each document. Throws DEPUTY_E_POD_UNREADABLE if it can't be read or is too large, and
 * DEPUTY_E_POD_INVALID for an error of syntax, with its line.
 */
export async function readManifest(
  path: string,
  input: AsyncIterable<Buffer | string> = process.stdin,
): Promise<unknown[]> {
  return path === '-'
    ? parseManifestText(await readInput(input), '(standard input)')
    : parseManifestText(readFile(path), path);
}

async function readInput(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    length += bytes.length;
    if (length > maximumManifestBytes) throw tooLarge('-');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readFile(path: string): string {
  let descriptor: number | undefined;
  try {
    // Opened without blocking, so that a fifo in the file's place is refused and not waited for.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return readBounded(descriptor, path);
  } catch (error) {
    if (error instanceof Error && 'errno' in error) {
      throw deputyError('DEPUTY_E_POD_UNREADABLE', { path }, error);
    }
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readBounded(descriptor: number, path: string): string {
  if (!fstatSync(descriptor).isFile()) {
    throw deputyError('DEPUTY_E_POD_UNREADABLE', { path, detail: 'it is not a regular file' });
  }
  // One byte more than allowed tells a file that is too large, even one that grows meanwhile.
  const buffer = Buffer.alloc(maximumManifestBytes + 1);
  let length = 0;
  for (let count = -1; count !== 0 && length < buffer.length; length += count) {
    count = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maximumManifestBytes) throw tooLarge(path);
  return buffer.toString('utf8', 0, length);
}

function tooLarge(path: string) {
  const detail = `it is larger than ${maximumManifestBytes / 1024 / 1024} MiB`;
  return deputyError('DEPUTY_E_POD_UNREADABLE', { path, detail });
}
