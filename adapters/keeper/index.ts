/** The process that outlives those that answer. */
export type { StoredDescriptor } from './descriptor-storage.js';
export { HandOverSocket, hasKeeper, requestHandOver } from './hand-over.js';
export { Keeper } from './keeper.js';
export type { KeeperEnd, KeeperOptions } from './keeper-options.js';
export type { ProcessStatus } from './process-status.js';
