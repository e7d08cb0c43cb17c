/** The process that outlives those that answer. */
export {
  type DescriptorStorage,
  listenerKey,
  listenerName,
  type StoredDescriptor,
} from './descriptor-storage.js';
export { HandOverSocket, hasKeeper, requestHandOver } from './hand-over.js';
export { Keeper } from './keeper.js';
export type { KeeperEnd, KeeperOptions } from './keeper-options.js';
export { rememberedListeners } from './listener-book.js';
export type { ProcessStatus } from './process-status.js';
