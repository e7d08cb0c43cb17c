import type { KernelAbi } from '../ports/kernel.js';
import type { CompiledPolicy } from '../request/compiled-policy.js';
import type { RequestRecord } from '../request/record.js';
import type { StepTable } from './step.js';

/** A handler: the steps of one system call, by its man-page name. */
export interface Handler {
  readonly syscall: string;
  /** The step that a fresh request starts at. */
  readonly first: number;
  /** The step that a request starts at which another process had received. */
  readonly recover: number;
  readonly steps: StepTable;
}

/** How many steps of recovery stand in each table from `recover` on; what came later stands behind them. */
export const recoveryStepCount = 8;

/** Which handler serves a request. Total: there is one for calls that nobody knows. */
export type HandlerOf = (record: RequestRecord, abi: KernelAbi, policy: CompiledPolicy) => Handler;
