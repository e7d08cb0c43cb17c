import type { Fault } from '../../faults/fault-schema.js';
import { enumerateCrashPoints } from '../../runner/enumerate-points.js';
import { runScenario } from '../../runner/run-scenario.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import type { Catalogue } from '../catalogue.js';
import type { Catch } from '../hunt.js';
import type { DispatchMutation } from './dispatch-mutations.js';

/** What a mutation of a dispatch came to. */
export interface DispatchHunt {
  readonly mutation: DispatchMutation;
  readonly caught: Catch | undefined;
  readonly runs: number;
}

interface Trial {
  readonly scenario: Scenario;
  readonly seed: string;
  readonly fault: Fault | null;
}

const huntedSeeds = ['1', '2', '3', '4', '5', '6'];

/** A mutated dispatch that fails at once is tried again and again: more points than these are no news. */
const pointsMax = 20_000;

/** Those that are also hunted with a death at each point: what comes of one elsewhere comes of it here. */
const short: ReadonlySet<string> = new Set(['dispatch', 'dispatch-untold', 'dispatch-restart-unseen']);

/** Scenarios of dispatches in which everything holds. */
export function dispatchScenarios(library: readonly Scenario[]): Scenario[] {
  return library
    .filter(({ setup, expect }) => setup.strategy === 'dispatcher' && expect.broken.length === 0)
    .map((scenario) => ({ ...scenario, limits: { ...scenario.limits, points: pointsMax } }));
}

async function tryOut(
  { scenario, seed, fault }: Trial,
  mutate: DispatchMutation['mutate'],
): Promise<string | undefined> {
  const faults = fault === null ? [] : [fault];
  const options = { seed, faults, mutateDispatch: mutate, stopsAtViolation: true } as const;
  const { outcome, violations } = await runScenario(scenario, options);
  return outcome === 'inconclusive' ? 'it-ends' : violations[0]?.invariant;
}

/** What the tables as they are do not bear is no catch. */
async function catches(trial: Trial, mutate: DispatchMutation['mutate']): Promise<string | undefined> {
  const invariant = await tryOut(trial, mutate);
  if (invariant === undefined) return undefined;
  return (await tryOut(trial, (tables) => tables)) === undefined ? invariant : undefined;
}

/** The recorded run first; then each scenario, with each seed, and with a death at each point. */
export async function huntDispatch(
  mutation: DispatchMutation,
  scenarios: readonly Scenario[],
  { caught }: Catalogue,
  runsMax: number,
): Promise<DispatchHunt> {
  const known = caught.find(({ id }) => id === mutation.id);
  let runs = 0;
  for await (const trial of trialsFor(mutation, scenarios, known)) {
    if (runs++ >= runsMax) break;
    const invariant = await catches(trial, mutation.mutate);
    if (invariant === undefined) continue;
    const { scenario, seed, fault } = trial;
    return { mutation, caught: { scenario: scenario.name, seed, fault, invariant }, runs };
  }
  return { mutation, caught: undefined, runs };
}

async function* trialsFor(
  { mutate }: DispatchMutation,
  scenarios: readonly Scenario[],
  known: Catch | undefined,
): AsyncGenerator<Trial> {
  const recorded = scenarios.find(({ name }) => name === known?.scenario);
  if (recorded !== undefined && known !== undefined) yield { ...known, scenario: recorded };
  for (const seed of huntedSeeds) for (const scenario of scenarios) yield { scenario, seed, fault: null };
  for (const scenario of scenarios.filter(({ name }) => short.has(name))) {
    for (const { point, moment } of await enumerateCrashPoints(scenario, {
      seed: '1',
      mutateDispatch: mutate,
    })) {
      yield { scenario, seed: '1', fault: { kind: 'crash', when: { point }, moment } };
    }
  }
}
