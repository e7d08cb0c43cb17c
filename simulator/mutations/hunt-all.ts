import type { Handler } from '../../core/steps/handler.js';
import type { Scenario } from '../scenario/scenario-schema.js';
import type { Catalogue } from './catalogue.js';
import { generateMutations, type Mutation } from './generate-mutations.js';
import { type Catch, hunt, tryOut } from './hunt.js';
import { mutateTable } from './mutate-table.js';
import { type HuntedScenario, huntedScenarios, observationTrials } from './observations.js';
import { observeTables, type TableFacts } from './observe-tables.js';

/** What a mutation came to. */
export interface MutationResult {
  readonly mutation: Mutation;
  readonly caught: Catch | undefined;
  /** The recorded run still catches it. */
  readonly wasRecorded: boolean;
  readonly runs: number;
}

/** Everything that hunts need, made once. */
export interface HuntingGround {
  readonly mutations: readonly Mutation[];
  readonly facts: TableFacts;
  readonly scenarios: readonly HuntedScenario[];
}

export async function huntingGround(
  handlers: readonly Handler[],
  library: readonly Scenario[],
): Promise<HuntingGround> {
  const scenarios = await huntedScenarios(library);
  const facts = await observeTables(handlers, await observationTrials(scenarios));
  return { mutations: generateMutations(handlers, facts), facts, scenarios };
}

export interface HuntAllOptions {
  readonly catalogue: Catalogue;
  readonly seeds: readonly string[];
  /** Runs for one mutation; the recorded one comes first. */
  readonly runs: number;
  /** Mutations that nothing is known to catch are hunted too. */
  readonly huntsUnchanged: boolean;
}

/** Hunts every mutation. Those that are said to change nothing come back as not caught. */
export async function* huntAll(
  ground: HuntingGround,
  options: HuntAllOptions,
): AsyncGenerator<MutationResult> {
  const { catalogue, seeds, runs, huntsUnchanged } = options;
  const scenarios = ground.scenarios.map(({ scenario }) => scenario);
  const unchanged = new Set([...catalogue.unchanged, ...catalogue.open].map(({ id }) => id));
  for (const mutation of ground.mutations) {
    const mutate = mutateTable(mutation, ground.facts);
    const recorded = catalogue.caught.find(({ id }) => id === mutation.id);
    const invariant = recorded === undefined ? undefined : await again(recorded, scenarios, mutate);
    if (recorded !== undefined && invariant !== undefined) {
      const { scenario, seed, fault } = recorded;
      yield { mutation, caught: { scenario, seed, fault, invariant }, wasRecorded: true, runs: 1 };
    } else if (unchanged.has(mutation.id) && !huntsUnchanged) {
      yield { mutation, caught: undefined, wasRecorded: false, runs: 0 };
    } else {
      const result = await hunt(mutation, mutate, { scenarios, seeds, runs });
      yield { mutation, wasRecorded: false, ...result };
    }
  }
}

/** The recorded run once more; what it breaks counts only where the tables as they are break nothing. */
async function again(
  { scenario: name, seed, fault }: Catch,
  scenarios: readonly Scenario[],
  mutate: ReturnType<typeof mutateTable>,
): Promise<string | undefined> {
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined) return undefined;
  const trial = { scenario, seed, faults: fault === null ? [] : [fault] };
  const invariant = await tryOut(trial, mutate);
  if (invariant === undefined) return undefined;
  return (await tryOut(trial, ({ steps }) => steps)) === undefined ? invariant : undefined;
}
