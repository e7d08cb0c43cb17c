import { isAheadOfStore } from '../../core/publishing/checkpoint.js';
import type { PublishTarget } from '../../core/publishing/publish-target.js';
import type { PublishedStore } from '../../core/publishing/published-store.js';
import type { FileEventStore } from '../event-store/file-event-store.js';

/** The file store as a target: a write is done when the call is, and its numbers say what it has. */
export function targetOf(store: FileEventStore | PublishedStore): PublishTarget {
  if ('appendBatch' in store) return store;
  return {
    batchesInFlight: 1,
    cursor: undefined,
    appendBatch: (batch) => store.appendSerialized(batch),
    goOnFrom: async (checkpoint) =>
      checkpoint !== undefined && !isAheadOfStore(checkpoint, await store.lastVersions()),
    readAll: (options) => store.readAll(options),
    readStream: (streamId, options) => store.readStream(streamId, options),
    lastVersions: () => store.lastVersions(),
  };
}
