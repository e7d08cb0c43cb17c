/** The process that outlives those that answer. */
export { Keeper, type KeeperEnd, type KeeperOptions } from './keeper.js';
export type { ProcessStatus } from './process-status.js';
