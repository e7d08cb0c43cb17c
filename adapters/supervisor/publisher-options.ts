import type { Logger } from '../../core/ports/logger.js';
import type { SyscallNames } from '../../core/request/describe-record.js';
import type { Journal } from '../journal/journal.js';

/** What a publisher works with. */
export interface PublisherOptions {
  readonly journal: Journal;
  readonly journalDirectory: string;
  readonly node: string;
  readonly syscallName: SyscallNames;
  readonly logger: Logger;
}
