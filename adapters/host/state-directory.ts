import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';
import { storageError } from '../journal/segment-error.js';
import { lockFile } from '../linux/file-space.js';

/** The state directory, locked for this process. */
export interface LockedDirectory {
  readonly path: string;
  /** Lets another process have it; the death of this one does the same. */
  unlock(): void;
}

/**
 * Creates the directory (0700) if need be and takes its lock. Throws a coded error and changes nothing then.
 */
export function lockStateDirectory(path: string): LockedDirectory {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    accessSync(path, constants.W_OK | constants.X_OK);
    statfsSync(path);
  } catch (error) {
    throw storageError(path, error);
  }
  const lockPath = join(path, 'lock');
  let descriptor: number;
  try {
    descriptor = openSync(lockPath, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw storageError(lockPath, error);
  }
  if (lockFile(descriptor) < 0) {
    closeSync(descriptor);
    throw deputyError('DEPUTY_E_STATE_DIRECTORY_LOCKED', { path, pid: holderOf(lockPath) });
  }
  try {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `${process.pid}\n`, 0);
  } catch {
    // Only for messages; a disk that is too full for it says so where it matters.
  }
  return { path, unlock: () => closeSync(descriptor) };
}

/** The process that wrote itself into the lock; only for messages, the lock itself is the kernel's. */
function holderOf(lockPath: string): string {
  try {
    return readFileSync(lockPath, 'utf8').trim() || '(unknown)';
  } catch {
    return '(unknown)';
  }
}
