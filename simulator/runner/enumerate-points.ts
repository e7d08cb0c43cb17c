import type { Fault, Moment } from '../faults/fault-schema.js';
import type { Scenario } from '../scenario/scenario-schema.js';
import { type Point, type RunOptions, runScenario } from './run-scenario.js';

/** A point at which a process may die, and where in it. */
export interface CrashPoint extends Point {
  readonly moment: Moment;
}

const moments: readonly Moment[] = ['before', 'inside', 'after'];

/**
 * All points of a run at which whoever is at it can die: those of the run as `options` describe it. What
 * leads to a point is the same when a crash is added there, so its number finds it again.
 */
export async function enumerateCrashPoints(scenario: Scenario, options: RunOptions): Promise<CrashPoint[]> {
  const points: Point[] = [];
  await runScenario(scenario, { ...options, onPoint: (point) => points.push(point) });
  return points.flatMap((point) => moments.map((moment) => ({ ...point, moment })));
}

/** The fault that ends whoever is at this point. */
export function crashAt({ point, moment }: Pick<CrashPoint, 'point' | 'moment'>): Fault {
  return { kind: 'crash', when: { point }, moment };
}
