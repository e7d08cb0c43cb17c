import type { Fault } from '../faults/fault-schema.js';
import type { CoverageCounts } from '../runner/coverage.js';
import type { RunPlan } from '../runner/run-plan.js';
import { type RunResult, runScenario } from '../runner/run-scenario.js';
import { judge } from './judge.js';

/** A run in which something broke that was not meant to. */
export interface Failure {
  readonly scenario: string;
  readonly seed: string;
  readonly faults: readonly Fault[];
  /** The invariants that broke; 'threw' when the run ended by an error of its own. */
  readonly invariants: readonly string[];
  readonly sentence: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

type Counts = Record<string, number>;

/** What many runs came to; plain data, so that workers can send it. */
export interface Tally {
  runs: number;
  /** Calls of ports by real code of strategies. */
  steps: number;
  /** Steps of all actors. */
  points: number;
  virtualUs: number;
  inconclusive: number;
  /** Runs in which something broke that was not meant to. */
  broken: number;
  failures: Failure[];
  readonly coverage: { readonly steps: Counts; readonly faults: Counts; readonly events: Counts };
}

/** Failures that are kept; more are counted. */
const failuresKept = 200;
/** Invariant of a run that threw. */
export const threw = 'threw';

export function emptyTally(): Tally {
  const counts = { runs: 0, steps: 0, points: 0, virtualUs: 0, inconclusive: 0, broken: 0 };
  return { ...counts, failures: [], coverage: { steps: {}, faults: {}, events: {} } };
}

/** Adds one tally to another. */
export function addTally(to: Tally, from: Tally): void {
  to.runs += from.runs;
  to.steps += from.steps;
  to.points += from.points;
  to.virtualUs += from.virtualUs;
  to.inconclusive += from.inconclusive;
  to.broken += from.broken;
  to.failures.push(...from.failures.slice(0, failuresKept - to.failures.length));
  addCoverage(to, from.coverage);
}

/** Runs a plan and adds what came of it. */
export async function tallyRun(tally: Tally, plan: RunPlan): Promise<void> {
  const { scenario } = plan;
  let result: RunResult;
  try {
    result = await runScenario(scenario, plan);
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    const stack = error instanceof Error ? error.stack?.split('\n').slice(1, 6) : [];
    return fail(tally, plan, { invariants: [threw], sentence, detail: { stack } });
  }
  tally.runs++;
  tally.steps += result.steps;
  tally.points += result.points;
  tally.virtualUs += result.timeUs;
  addCoverage(tally, result.coverage);
  const { unexpected } = judge(scenario, result, Object.keys(plan.setup).length === 0);
  const [first] = unexpected;
  if (first === undefined) {
    if (result.outcome === 'inconclusive') tally.inconclusive++;
    return;
  }
  const invariants = [...new Set(unexpected.map(({ invariant }) => invariant))];
  fail(tally, plan, { invariants, sentence: first.sentence, detail: first.detail });
}

function fail(
  tally: Tally,
  { scenario, seed, faults }: RunPlan,
  found: Pick<Failure, 'invariants' | 'sentence' | 'detail'>,
): void {
  if (found.invariants.includes(threw)) tally.runs++;
  tally.broken++;
  if (tally.failures.length >= failuresKept) return;
  tally.failures.push({ scenario: scenario.name, seed, faults, ...found });
}

function addCoverage({ coverage }: Tally, from: CoverageCounts): void {
  for (const kind of ['steps', 'faults', 'events'] as const) {
    const to = coverage[kind];
    for (const name of Object.keys(from[kind])) to[name] = (to[name] ?? 0) + (from[kind][name] ?? 0);
  }
}
