import type { Fault } from '../faults/fault-schema.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';

/** Everything that decides how a run goes, with the build. */
export interface RunPlan {
  readonly scenario: Scenario;
  /** A decimal number of 64 bits. */
  readonly seed: string;
  /** What is different from the scenario's own setup. */
  readonly setup: Partial<Setup>;
  /** More faults than the scenario's. */
  readonly faults: readonly Fault[];
}

/** The setup that a plan runs with, complete. */
export function setupOf({ scenario, setup }: RunPlan): Setup {
  return { ...scenario.setup, ...setup };
}
