/** The simulator's first part: a kernel in memory that the real handlers run on. Loads no native code. */
export { MemoryKernel } from './memory-kernel/memory-kernel.js';
export {
  type MemoryAnswer,
  type MemoryFile,
  type MemoryNotification,
  type MemoryThread,
  MemoryWorld,
} from './memory-kernel/memory-world.js';
export { actorsOf } from './trace/actors.js';
export { hashText, TextHash } from './trace/hash.js';
export { readTrace } from './trace/reader.js';
export type { Trace, TraceActor, TraceEnd, TraceEntry, TraceHeader, TraceViolation } from './trace/schema.js';
export { type EndDraft, type EntryDraft, type HeaderDraft, TraceWriter } from './trace/writer.js';
