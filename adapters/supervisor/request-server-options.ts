import type { Logger } from '../../core/ports/logger.js';
import type { Journal } from '../journal/journal.js';
import type { SealKeySet } from '../keys/index.js';
import type { InjectorChannels } from './injector-channels.js';
import type { LoopHandle } from './loop-handle.js';
import type { Publisher } from './publisher.js';

/** What a request server works with. */
export interface RequestServerOptions {
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly journalDirectory: string;
  readonly injector: InjectorChannels;
  readonly handlersModule: URL;
  /** A loop that was started before, with the journal's counters. */
  readonly first: LoopHandle | undefined;
  /** What handles are sealed with; setKeys() changes them. */
  readonly keys: SealKeySet;
  /** Proves the notifier on a probe child; the reason when it can't. */
  readonly obstacle: () => Promise<string | undefined>;
  readonly logger: Logger;
  /** A loop or the journal failed in a way that can't be mended here. */
  readonly onFatal: (message: string) => void;
}
