import type { Handler } from '../../core/steps/handler.js';
import type { StepTable } from '../../core/steps/step.js';
import type { Fault } from '../faults/fault-schema.js';
import { enumerateCrashPoints } from '../runner/enumerate-points.js';
import { runScenario } from '../runner/run-scenario.js';
import type { Scenario } from '../scenario/scenario-schema.js';
import type { Mutation } from './generate-mutations.js';
import type { Trial } from './observe-tables.js';

/** The run by which a mutation was caught, and the invariant that it broke. */
export interface Catch {
  readonly scenario: string;
  readonly seed: string;
  /** The fault that was added to the scenario's own, if any. */
  readonly fault: Fault | null;
  readonly invariant: string;
}

export interface HuntOptions {
  /** The cheapest first. */
  readonly scenarios: readonly Scenario[];
  readonly seeds: readonly string[];
  /** Runs after which it is given up. */
  readonly runs: number;
}

/** How a hunt ended. */
export interface HuntResult {
  readonly caught: Catch | undefined;
  readonly runs: number;
}

/** A run that is cut short by its limits went in circles, which the tables as they are never do. */
const endless = 'it-ends';
const slowUs = 5_000;
/**
 * Where a target dies, no death of deputy's is added: of one that died just before its answer, a successor
 * can't tell that it was not answered, with the tables as they are neither.
 */
const deadly: ReadonlySet<string> = new Set(['target-death', 'pid-reuse', 'pod-restart']);

type Mutate = (handler: Handler) => StepTable;

const unchanged: Mutate = ({ steps }) => steps;

/** The invariant that a mutated run breaks; undefined when all hold. */
export async function tryOut({ scenario, seed, faults }: Trial, mutate: Mutate): Promise<string | undefined> {
  const options = { seed, faults, mutateTable: mutate, stopsAtViolation: true } as const;
  const { outcome, violations } = await runScenario(scenario, options);
  if (outcome === 'inconclusive') return endless;
  return violations[0]?.invariant;
}

/**
 * Runs a mutation against every scenario, then with further seeds, then with a death at each step: those at
 * the mutated step first. Stops at the first invariant that breaks.
 */
export async function hunt(mutation: Mutation, mutate: Mutate, options: HuntOptions): Promise<HuntResult> {
  const { scenarios, seeds, runs } = options;
  let count = 0;
  for await (const { scenario, seed, fault } of trialsFor(mutation, mutate, scenarios, seeds)) {
    if (count >= runs) break;
    count++;
    const trial = { scenario, seed, faults: fault === null ? [] : [fault] };
    const invariant = await tryOut(trial, mutate);
    // What the tables as they are do not bear is no catch.
    if (invariant === undefined || (await tryOut(trial, unchanged)) !== undefined) continue;
    return { caught: { scenario: scenario.name, seed, fault, invariant }, runs: count };
  }
  return { caught: undefined, runs: count };
}

interface Planned {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly fault: Fault | null;
}

async function* trialsFor(
  mutation: Mutation,
  mutate: Mutate,
  scenarios: readonly Scenario[],
  seeds: readonly string[],
): AsyncGenerator<Planned> {
  for (const seed of seeds) for (const scenario of scenarios) yield { scenario, seed, fault: null };
  const seed = seeds[0] ?? '1';
  const later: Planned[] = [];
  for (const scenario of scenarios) {
    if (scenario.faults.some(({ kind }) => deadly.has(kind))) continue;
    for (const { name, fault } of await faultsOf(mutation, scenario, seed, mutate)) {
      const planned = { scenario, seed, fault };
      if (mutation.steps.includes(name)) yield planned;
      else later.push(planned);
    }
  }
  yield* later;
}

/** A death at each step of a run, and at the mutated ones all else that can happen to one. */
async function faultsOf(mutation: Mutation, scenario: Scenario, seed: string, mutate: Mutate) {
  const points = await enumerateCrashPoints(scenario, { seed, mutateTable: mutate });
  const made = new Map<string, number>();
  let last = -1;
  const faults: { readonly name: string; readonly fault: Fault }[] = [];
  for (const { point, name, moment } of points) {
    const isNew = point !== last;
    if (isNew) made.set(name, (made.get(name) ?? 0) + 1);
    last = point;
    const when = { step: name, occurrence: made.get(name) ?? 1 };
    faults.push({ name, fault: { kind: 'crash', when, moment } });
    if (!isNew || !mutation.steps.includes(name)) continue;
    faults.push(...troubles(scenario, when).map((fault) => ({ name, fault })));
  }
  return faults;
}

/** What can happen at a step besides the death of whoever makes it. */
function troubles({ targets }: Scenario, when: { step: string; occurrence: number }): Fault[] {
  const faults: Fault[] = [{ kind: 'slow', when, byUs: slowUs }];
  for (const { name: target, handlers } of targets) {
    for (const number of Object.keys(handlers)) {
      faults.push({ kind: 'signal', target, signal: Number(number), when, moment: 'before' });
    }
  }
  return faults;
}
