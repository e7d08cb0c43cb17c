import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { storageError } from '../journal/segment-error.js';
import { waitForLock } from '../linux/file-space.js';
import { formatKeys, parseKeys } from './key-document.js';
import type { SealKeySet } from './seal-key.js';

const fileLimitBytes = 1 << 20;

/** Where a state directory keeps its keys. */
export function keysPath(stateDirectory: string): string {
  return join(stateDirectory, 'keys', 'seal-keys.json');
}

/** The keys of a state directory; undefined when there is no file. Throws a coded error if it is damaged. */
export function readKeys(stateDirectory: string): SealKeySet | undefined {
  const path = keysPath(stateDirectory);
  const text = readSmallFile(path);
  if (text === undefined) return undefined;
  try {
    return parseKeys('deputy seal keys', text);
  } catch (error) {
    throw deputyError('DEPUTY_E_KEYS_DAMAGED', { path, detail: (error as Error).message }, error);
  }
}

/** A file's text up to 1 MiB; undefined when it isn't there. Throws a coded error. */
export function readSmallFile(path: string): string | undefined {
  try {
    if (statSync(path).size > fileLimitBytes) throw new Error('it is larger than 1 MiB');
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw deputyError('DEPUTY_E_KEYS_UNREADABLE', { path, detail: (error as Error).message }, error);
  }
}

/**
 * Changes the keys: whoever else wants to, waits. `change` gets what is there, and gives what is to be
 * there, or the same to leave it. The file is whole at any moment, whenever the power fails.
 */
export function changeKeys(
  stateDirectory: string,
  change: (keys: SealKeySet | undefined) => SealKeySet,
): SealKeySet {
  const path = keysPath(stateDirectory);
  const directory = dirname(path);
  let lock: number;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    lock = openSync(join(directory, 'lock'), constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw storageError(directory, error);
  }
  try {
    waitForLock(lock);
    const before = readKeys(stateDirectory);
    const after = change(before);
    if (after !== before) writeAtomically(path, formatKeys('deputy seal keys', after));
    return after;
  } finally {
    closeSync(lock);
  }
}

/** Writes a file, 0600, so that it has its old content or its new one. Throws a coded error. */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
    const descriptor = openSync(temporary, flags, 0o600);
    try {
      fchmodSync(descriptor, 0o600);
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
    syncDirectory(dirname(path));
  } catch (error) {
    removeQuietly(temporary);
    throw storageError(path, error);
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It may not have been made.
  }
}
