import type { Fault } from '../../faults/fault-schema.js';
import type { Scenario, Setup } from '../../scenario/scenario-schema.js';
import type { CrashPlan } from '../../search/crash-plans.js';
import type { Tally } from '../../search/tally.js';

/** Runs of one scenario that a worker makes in one go. */
export interface Batch {
  readonly scenario: number;
  readonly setup: Partial<Setup>;
  readonly work:
    | {
        /** A run for each seed, with the faults that the seed gives; beside these. */
        readonly kind: 'seeds';
        readonly seeds: readonly string[];
        readonly faults: readonly Fault[];
      }
    | {
        /** A run for each list of faults. */
        readonly kind: 'plans';
        readonly seed: string;
        readonly plans: readonly CrashPlan[];
      };
}

/** What a worker is told. */
export type ToWorker =
  | { readonly kind: 'scenarios'; readonly scenarios: readonly Scenario[] }
  | { readonly kind: 'batch'; readonly batch: Batch };

/** What a worker tells: what a batch came to, and the processor time that it took. */
export interface FromWorker {
  readonly tally: Tally;
  readonly cpuUs: number;
}
