import type { Fault } from '../faults/fault-schema.js';
import { type Point, runScenario } from '../runner/run-scenario.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';

/** A step that runs of a scenario make, and how often at most. */
export interface StepOfProfile {
  readonly kind: string;
  readonly name: string;
  readonly count: number;
}

/** What can go wrong in a scenario: how long it takes, which steps it makes, whom signals can reach. */
export interface Profile {
  readonly setup: Setup;
  readonly timeUs: number;
  readonly points: number;
  readonly steps: readonly StepOfProfile[];
  readonly targets: Scenario['targets'];
}

/**
 * Looks at a scenario: once as it is, and once with a death in its middle, so that the steps of recovery are
 * known as well. Always the same for the same scenario and build.
 */
export async function profileOf(scenario: Scenario, setup: Partial<Setup> = {}): Promise<Profile> {
  const steps = new Map<string, StepOfProfile>();
  const first = await look(scenario, setup, [], steps);
  const when = { point: Math.floor(first.points / 2) };
  await look(scenario, setup, [{ kind: 'crash', when, moment: 'before' }], steps);
  return {
    setup: { ...scenario.setup, ...setup },
    timeUs: first.timeUs,
    points: first.points,
    steps: [...steps.values()],
    targets: scenario.targets,
  };
}

async function look(
  scenario: Scenario,
  setup: Partial<Setup>,
  faults: readonly Fault[],
  steps: Map<string, StepOfProfile>,
): Promise<{ readonly points: number; readonly timeUs: number }> {
  const counts = new Map<string, number>();
  const onPoint = ({ kind, name }: Point): void => {
    const key = `${kind} ${name}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > (steps.get(key)?.count ?? 0)) steps.set(key, { kind, name, count });
  };
  return runScenario(scenario, { seed: '1', setup, faults, onPoint, invariants: [] });
}
