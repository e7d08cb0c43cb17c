/** The simulator's first part: a kernel in memory that the real handlers run on. Loads no native code. */
export { MemoryKernel } from './memory-kernel/memory-kernel.js';
export {
  type MemoryAnswer,
  type MemoryFile,
  type MemoryNotification,
  type MemoryThread,
  MemoryWorld,
} from './memory-kernel/memory-world.js';
export { ModelSealKeys } from './memory-kernel/model-seal-keys.js';
