import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';

/** Something in a journal that cannot be: where, and what. */
export interface JournalProblem {
  readonly segment: number;
  readonly path: string;
  /** Bytes from the file's start. */
  readonly offset: number;
  readonly detail: string;
}

/** The problem as a coded error. */
export function problemError({ path, offset, detail }: JournalProblem): DeputyError {
  return deputyError('DEPUTY_E_JOURNAL_CORRUPT', { path, offset, detail });
}
