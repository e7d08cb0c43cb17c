import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';

/** What a failed system call on the journal's files is reported as. */
export function storageError(path: string, error: unknown): DeputyError {
  const { code } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const detail = error instanceof Error ? error.message : code;
  return deputyError(isFull ? 'DEPUTY_E_DISK_FULL' : 'DEPUTY_E_STATE_DIRECTORY_UNWRITABLE', { path, detail });
}
