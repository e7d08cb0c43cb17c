import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { RunPlan } from '../runner/run-plan.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';
import { compactScenario } from '../search/compact-scenario.js';
import { type Shrunk, shrink } from '../search/shrink.js';
import type { Failure } from '../search/tally.js';
import type { NamedScenario } from './library/scenario-library.js';
import { reproduceLine } from './reproduce.js';
import { writeTrace } from './write-trace.js';

/** A failure with what was made of it. */
export interface ReportedFailure {
  readonly failure: Failure;
  readonly trace: string;
  readonly reproduce: string;
  readonly shrunk: ShrunkReport | undefined;
}

/** The smallest run that was found for it, in a scenario file of its own. */
export interface ShrunkReport {
  readonly scenario: string;
  readonly seed: string;
  readonly runs: number;
  readonly reproduce: string;
}

export interface ReportOptions {
  readonly scenarios: readonly NamedScenario[];
  readonly setup: Partial<Setup>;
  /** Where traces and shrunk scenarios go. */
  readonly directory: string;
  readonly maximumShrinkRuns: number;
  readonly onProgress?: (text: string) => void;
}

/** More would be the same again and again. */
const maximumReported = 8;

/** The first failure of each kind, with its trace, shrunk, and with the commands that show both again. */
export async function reportFailures(
  failures: readonly Failure[],
  options: ReportOptions,
): Promise<ReportedFailure[]> {
  const kinds = new Map<string, Failure>();
  for (const failure of failures) {
    const kind = `${failure.scenario} ${failure.invariants[0]}`;
    if (!kinds.has(kind)) kinds.set(kind, failure);
  }
  const reported: ReportedFailure[] = [];
  for (const failure of [...kinds.values()].slice(0, maximumReported)) {
    const named = options.scenarios.find(({ scenario }) => scenario.name === failure.scenario);
    if (named !== undefined) reported.push(await report(failure, named, options));
  }
  return reported;
}

async function report(
  failure: Failure,
  { scenario, word }: NamedScenario,
  { setup, directory, maximumShrinkRuns, onProgress }: ReportOptions,
): Promise<ReportedFailure> {
  const { seed, faults, invariants } = failure;
  const [invariant = ''] = invariants;
  const plan: RunPlan = { scenario, setup, seed, faults };
  const reproduce = reproduceLine(word, plan);
  const stem = join(directory, `${scenario.name}-${seed}-${invariant}`);
  const trace = `${stem}.jsonl`;
  // A run that threw has no end, and its trace none either.
  await writeTrace(trace, plan, reproduce).catch(() => undefined);
  const shrunk = await shrink({
    plan,
    invariant,
    maximumRuns: maximumShrinkRuns,
    onProgress: (runs) => onProgress?.(`shrinking ${scenario.name} seed ${seed}: ${runs} runs`),
  });
  return { failure, trace, reproduce, shrunk: shrunk.isBroken ? writeShrunk(stem, shrunk) : undefined };
}

function writeShrunk(stem: string, { plan, runs }: Shrunk): ShrunkReport {
  const path = `${stem}.yaml`;
  writeScenario(path, plan.scenario);
  return { scenario: path, seed: plan.seed, runs, reproduce: reproduceLine(path, plan) };
}

/** Writes a scenario as somebody would have written it. */
export function writeScenario(path: string, scenario: Scenario): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, scenarioText(scenario));
}

/** A scenario as YAML, without what the schema fills in. */
export function scenarioText(scenario: Scenario): string {
  return stringify(compactScenario(scenario), { lineWidth: 110 });
}
