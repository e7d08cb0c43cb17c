import type { PublishedStore } from './published-store.js';

/** What a publisher asks of a store. */
export type PublishTarget = Pick<
  PublishedStore,
  'batchesInFlight' | 'cursor' | 'appendBatch' | 'goOnFrom' | 'readAll' | 'readStream' | 'lastVersions'
>;
