import type { EventStore } from '../ports/event-store.js';
import type { Checkpoint, StoreCursor } from './checkpoint.js';
import type { EventBatch } from './event-batch.js';

/** How it is with a store: only an open one takes events. */
export type StoreState = 'open' | 'away' | 'full' | 'fenced' | 'behind';

/**
 * A store that a publisher fills, batch by batch. Appends are idempotent by event id, and may follow each
 * other without waiting: the order of calls is the order of events. One that fails fails for good, and so do
 * all behind it, until the publisher goes on from a checkpoint anew; a store that is away is waited for
 * inside.
 */
export interface PublishedStore extends EventStore {
  /** How many batches may be on their way at once; their memory is left alone until they are stored. */
  readonly batchesInFlight: number;
  readonly state: StoreState;
  /** Where the store's end is; only while nothing is on its way. */
  readonly cursor: StoreCursor | undefined;
  appendBatch(batch: EventBatch): Promise<unknown>;
  /**
   * Gets ready for what is behind a checkpoint (undefined: for all). False: the store has lost some of what
   * it had then; with `isLast` it takes what comes all the same.
   */
  goOnFrom(checkpoint: Checkpoint | undefined, isLast: boolean): Promise<boolean>;
}
