import { crashAt, enumerateCrashPoints } from '../runner/enumerate-points.js';
import { runScenario } from '../runner/run-scenario.js';
import type { Scenario } from '../scenario/scenario-schema.js';
import type { Trial } from './observe-tables.js';

/** Scenarios with fewer steps than this are also observed with a death at each: recovery is seen there. */
const smallPoints = 110;
const seed = '1';

/** A scenario that mutations are hunted in, the cheapest first. */
export interface HuntedScenario {
  readonly scenario: Scenario;
  readonly points: number;
}

/**
 * The scenarios of a library in which everything holds, with limits that end a run which goes in circles.
 * Those that show what other designs lose are left out, and those that come to no handler.
 */
export async function huntedScenarios(library: readonly Scenario[]): Promise<HuntedScenario[]> {
  const hunted: HuntedScenario[] = [];
  for (const scenario of library) {
    const { strategy, sidecar } = scenario.setup;
    // A sidecar's handlers are the agent's: it would be the same hunt once more.
    if (scenario.expect.broken.length > 0 || strategy !== 'seccomp-notify' || sidecar) continue;
    const { points } = await runScenario(scenario, { seed });
    const limits = { ...scenario.limits, points: Math.min(scenario.limits.points, points * 3 + 3_000) };
    hunted.push({ scenario: { ...scenario, limits }, points });
  }
  return hunted.sort((a, b) => a.points - b.points || (a.scenario.name < b.scenario.name ? -1 : 1));
}

/** Runs from which the tables' usual ways are learnt. */
export async function observationTrials(hunted: readonly HuntedScenario[]): Promise<Trial[]> {
  const trials: Trial[] = hunted.map(({ scenario }) => ({ scenario, seed, faults: [] }));
  for (const { scenario, points } of hunted) {
    if (points > smallPoints) continue;
    for (const point of await enumerateCrashPoints(scenario, { seed })) {
      if (point.moment === 'before') trials.push({ scenario, seed, faults: [crashAt(point)] });
    }
  }
  return trials;
}
