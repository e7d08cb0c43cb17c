export {
  type FileEventStore,
  type FileEventStoreOptions,
  openFileEventStore,
  type SerializedEvents,
} from './file-event-store.js';
