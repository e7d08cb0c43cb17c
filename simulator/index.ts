/** The failure-replay simulator: real handlers, recovery and keeper on a modelled machine. No native code. */

export { type Fault, type FaultInput, faultSchema } from './faults/fault-schema.js';
export { type Injection, parseInjection } from './history/injection.js';
export { type History, readHistory, type SegmentBytes } from './history/read-history.js';
export { type HistoryReplay, type ReplayOptions, replayHistory } from './history/replay-history.js';
export { invariants } from './invariants/all.js';
export type { Invariant, Violation } from './invariants/invariant.js';
export { ListenerEnd } from './kernel/filter.js';
export { Kernel as ModelKernel } from './kernel/kernel.js';
export type { KernelWatch } from './kernel/kernel-watch.js';
export { OpenFile } from './kernel/open-description.js';
export * as modelTracing from './kernel/tracing.js';
export { MemoryKernel } from './memory-kernel/memory-kernel.js';
export {
  type MemoryAnswer,
  type MemoryFile,
  type MemoryNotification,
  type MemoryThread,
  MemoryWorld,
} from './memory-kernel/memory-world.js';
export { ModelSealKeys } from './ports/model-seal-keys.js';

export { Generator as SeededGenerator } from './random/generator.js';
export { type CrashPoint, crashAt, enumerateCrashPoints } from './runner/enumerate-points.js';
export {
  type Outcome,
  type Point,
  type RunOptions,
  type RunResult,
  runScenario,
  type TraceSink,
} from './runner/run-scenario.js';
export { parseFaults, parseScenario } from './scenario/parse-scenario.js';
export { type Scenario, type ScenarioInput, type Setup, scenarioSchema } from './scenario/scenario-schema.js';
export { Scheduler } from './scheduler/scheduler.js';

export { actorsOf } from './trace/actors.js';
export { hashText, TextHash } from './trace/hash.js';
export { readTrace } from './trace/reader.js';
export type { Trace, TraceActor, TraceEnd, TraceEntry, TraceHeader, TraceViolation } from './trace/schema.js';
export { type EndDraft, type EntryDraft, type HeaderDraft, TraceWriter } from './trace/writer.js';
