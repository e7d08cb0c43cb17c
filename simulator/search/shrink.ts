import type { RunPlan } from '../runner/run-plan.js';
import { runScenario } from '../runner/run-scenario.js';
import { simplerFaults } from './shrink-faults.js';
import { simplerScenarios } from './shrink-scenario.js';
import { threw } from './tally.js';

export interface ShrinkOptions {
  readonly plan: RunPlan;
  /** The invariant that has to break again. */
  readonly invariant: string;
  readonly maximumRuns: number;
  /** Told now and then. */
  readonly onProgress?: (runs: number, plan: RunPlan) => void;
}

export interface Shrunk {
  /** All faults stand in its scenario. */
  readonly plan: RunPlan;
  readonly runs: number;
  /** Nothing more could be left out; else the limit on runs ended it. */
  readonly isMinimal: boolean;
  /** Did the plan break the invariant at all? */
  readonly isBroken: boolean;
}

/** A call less shifts everybody's chance: other seeds may show the same. */
const seedsTried = 3;

/**
 * Finds a smaller run that breaks the same invariant: fewer faults, simpler ones, fewer targets, threads and
 * calls. Greedy: each thing that can be left out is, until nothing more can.
 */
export async function shrink({ plan, invariant, maximumRuns, onProgress }: ShrinkOptions): Promise<Shrunk> {
  let runs = 0;
  let best = withOwnFaults(plan);
  const breaks = async (candidate: RunPlan): Promise<boolean> => {
    runs++;
    return (await brokenBy(candidate)).includes(invariant);
  };
  if (!(await breaks(best))) return { plan: best, runs, isMinimal: false, isBroken: false };
  const tryOne = async (candidate: RunPlan, seeds: number): Promise<boolean> => {
    const tried = [best.seed, ...Array.from({ length: seeds - 1 }, (_, index) => `${index + 1}`)];
    for (const seed of tried) {
      if (runs >= maximumRuns) return false;
      if (!(await breaks({ ...candidate, seed }))) continue;
      best = { ...candidate, seed };
      onProgress?.(runs, best);
      return true;
    }
    return false;
  };
  const firstThatBreaks = async (
    candidates: AsyncIterable<RunPlan> | Iterable<RunPlan>,
    seeds: number,
  ): Promise<boolean> => {
    for await (const candidate of candidates) if (await tryOne(candidate, seeds)) return true;
    return false;
  };
  let isSmaller = true;
  while (isSmaller && runs < maximumRuns) {
    isSmaller =
      (await firstThatBreaks(simplerFaults(best), 1)) ||
      (await firstThatBreaks(simplerScenarios(best), seedsTried));
  }
  return { plan: best, runs, isMinimal: runs < maximumRuns, isBroken: true };
}

/** The invariants that a plan breaks. */
export async function brokenBy(plan: RunPlan): Promise<readonly string[]> {
  try {
    const { violations } = await runScenario(plan.scenario, plan);
    return [...new Set(violations.map(({ invariant }) => invariant))];
  } catch {
    return [threw];
  }
}

/** One list of faults: those that were added stand beside the scenario's own. */
function withOwnFaults(plan: RunPlan): RunPlan {
  const { scenario, setup, faults } = plan;
  const own = {
    ...scenario,
    setup: { ...scenario.setup, ...setup },
    faults: [...scenario.faults, ...faults],
  };
  return { ...plan, scenario: own, setup: {}, faults: [] };
}
