import type { Violation } from '../invariants/invariant.js';
import type { RunResult } from '../runner/run-scenario.js';
import type { Scenario } from '../scenario/scenario-schema.js';

/** A run's result, held against what its scenario expects to break. */
export interface Verdict {
  /** What broke and was not meant to. */
  readonly unexpected: readonly Violation[];
  /** Invariants that were meant to break and did not. */
  readonly missing: readonly string[];
}

/** Judges a run; `isOwnSetup`: with another setup than the scenario's own nothing is expected to break. */
export function judge({ expect }: Scenario, { violations }: RunResult, isOwnSetup: boolean): Verdict {
  const meant = new Set(isOwnSetup ? expect.broken : []);
  const broken = new Set(violations.map(({ invariant }) => invariant));
  return {
    unexpected: violations.filter(({ invariant }) => !meant.has(invariant)),
    missing: [...meant].filter((invariant) => !broken.has(invariant)),
  };
}
