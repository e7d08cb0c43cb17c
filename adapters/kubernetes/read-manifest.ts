import { deputyError } from '../../core/errors/deputy-error.js';
import { readBoundedFile, readBoundedStream, type Unreadable } from '../input/bounded-file.js';
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
  const unreadable: Unreadable = (detail, cause) =>
    deputyError('DEPUTY_E_POD_UNREADABLE', { path, ...(detail === undefined ? {} : { detail }) }, cause);
  return path === '-'
    ? parseManifestText(await readBoundedStream(input, maximumManifestBytes, unreadable), '(standard input)')
    : parseManifestText(readBoundedFile(path, maximumManifestBytes, unreadable), path);
}
