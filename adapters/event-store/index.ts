export {
  type FileEventStore,
  type FileEventStoreOptions,
  openFileEventStore,
  type SerializedEvent,
} from './file-event-store.js';
