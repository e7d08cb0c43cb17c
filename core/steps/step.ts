import type { RequestEvent } from '../machines/request-life.js';
import type { RequestKernel } from '../ports/kernel.js';
import type { SealKeys } from '../ports/seal-keys.js';
import type { CompiledPolicy } from '../request/compiled-policy.js';
import type { RequestRecord } from '../request/record.js';

/** What a step may use. One context serves one loop; only `record` and `policy` change between requests. */
export interface StepContext {
  record: RequestRecord;
  readonly kernel: RequestKernel;
  readonly seals: SealKeys;
  policy: CompiledPolicy;
}

/**
 * One step: at most one call of one port (`act`), then a pure decision (`next`) that sees the result and not
 * the port. So each step is a crash point, and a trace of steps is a history.
 */
export interface Step {
  readonly name: string;
  /** What entering this step means to the request machine. */
  readonly event?: RequestEvent;
  act?(context: StepContext): number;
  /** The number of the next step in the same table, or `stepEnd` or `stepPark`. */
  next(context: StepContext, result: number): number;
}

/** Steps by number; the numbers are stored in journals, so tables only grow at their end. */
export type StepTable = readonly Step[];

/** The request is finished and its record may be committed. */
export const stepEnd = -1;
/** The request waits for a completion that arrives later; it resumes at the step after the current one. */
export const stepPark = -2;
