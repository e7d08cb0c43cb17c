import type { Fault, FaultyActor } from '../faults/fault-schema.js';
import { type CrashPoint, crashAt, enumerateCrashPoints } from '../runner/enumerate-points.js';
import type { RunPlan } from '../runner/run-plan.js';

/** Faults to be added to a run, and what they are about. */
export type CrashPlan = readonly Fault[];

/** One crash at each point of a run: before, inside and after it; of whoever is at it, or of `actor`. */
export async function singleCrashes(plan: RunPlan, actor?: FaultyActor): Promise<CrashPlan[]> {
  const points = await enumerateCrashPoints(plan.scenario, plan);
  return points.map((point) => [...plan.faults, crash(point, actor)]);
}

/** One request of a run. */
export interface SampledRequest {
  readonly request: string;
  /** Its points, in their order. */
  readonly points: readonly CrashPoint[];
  /** Names of its steps, which tell one kind of request from another. */
  readonly path: string;
}

/** The requests of a run, the first of each kind first, so that a sample has as many kinds as it can. */
export async function sampleRequests(plan: RunPlan, limit: number): Promise<SampledRequest[]> {
  const byRequest = new Map<string, CrashPoint[]>();
  for (const point of await enumerateCrashPoints(plan.scenario, plan)) {
    if (point.request === null) continue;
    byRequest.set(point.request, [...(byRequest.get(point.request) ?? []), point]);
  }
  const requests = [...byRequest].map(([request, points]) => ({
    request,
    points,
    path: points.map(({ name, moment }) => (moment === 'before' ? name : '')).join(' '),
  }));
  const kinds = new Set<string>();
  const isFirst = ({ path }: SampledRequest): boolean => !kinds.has(path) && kinds.add(path) !== undefined;
  const first = requests.filter(isFirst);
  const others = requests.filter((request) => !first.includes(request));
  return [...first, ...others].slice(0, limit);
}

/**
 * All second crashes that follow a first one: from it to the last step of the same request, whoever makes the
 * steps in between (the keeper that notices, the standby that takes over, the successor that redoes it).
 */
export async function secondCrashes(
  plan: RunPlan,
  { request }: Pick<SampledRequest, 'request'>,
  first: CrashPoint,
): Promise<CrashPlan[]> {
  const faults = [...plan.faults, crashAt(first)];
  const points = await enumerateCrashPoints(plan.scenario, { ...plan, faults });
  const last = points.findLast((point) => point.request === request)?.point ?? -1;
  return points
    .filter(({ point }) => point > first.point && point <= last)
    .map((second) => [...faults, crashAt(second)]);
}

/** So many of a list, evenly spread over it. */
export function spread<Item>(items: readonly Item[], limit: number): readonly Item[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, at) => items[Math.floor((at * items.length) / limit)] as Item);
}

function crash(point: CrashPoint, actor: FaultyActor | undefined): Fault {
  const fault = crashAt(point);
  return actor === undefined || fault.kind !== 'crash' ? fault : { ...fault, actor };
}
