import type { Fault, FaultTrigger } from '../faults/fault-schema.js';
import type { Invariant } from '../invariants/invariant.js';
import type { RunPlan } from '../runner/run-plan.js';
import { type Point, runScenario } from '../runner/run-scenario.js';

/** Plans with fewer or simpler faults, the most promising first. All faults stand in the scenario. */
export async function* simplerFaults(plan: RunPlan): AsyncGenerator<RunPlan> {
  const { faults } = plan.scenario;
  if (faults.length > 0) yield withFaults(plan, []);
  if (faults.length > 2) {
    const half = faults.length >> 1;
    yield withFaults(plan, faults.slice(0, half));
    yield withFaults(plan, faults.slice(half));
  }
  if (faults.length > 1) {
    for (let at = 0; at < faults.length; at++) yield withFaults(plan, faults.toSpliced(at, 1));
  }
  yield* firedAtPoints(plan);
  yield* namedPlaces(plan);
  for (let at = 0; at < faults.length; at++) {
    for (const simpler of simplerFault(faults[at] as Fault)) yield withFaults(plan, faults.with(at, simpler));
  }
}

/** A fault by chance becomes those crashes that it came to, each of which can be left out. */
async function* firedAtPoints(plan: RunPlan): AsyncGenerator<RunPlan> {
  const { faults } = plan.scenario;
  if (!faults.some(({ when }) => 'probability' in when)) return;
  const fired = new Map<Fault, number[]>();
  await runScenario(plan.scenario, { ...plan, invariants: [observer(fired)] });
  const explicit = faults.flatMap((fault) =>
    'probability' in fault.when
      ? (fired.get(fault) ?? []).map((point) => ({ ...fault, when: { point } }))
      : [fault],
  );
  yield withFaults(plan, explicit);
}

function observer(fired: Map<Fault, number[]>): Invariant {
  return {
    id: 'observer',
    sentence: 'Notes at which points faults happen.',
    begin: (stage) => ({
      faulted: (fault) => {
        // The point's number is counted on before its faults are asked for.
        fired.set(fault, [...(fired.get(fault) ?? []), stage().world.points - 1]);
      },
    }),
  };
}

/** A point by its number becomes a step by its name, which is still the same when calls are left out. */
async function* namedPlaces(plan: RunPlan): AsyncGenerator<RunPlan> {
  const { faults } = plan.scenario;
  if (!faults.some(({ when }) => 'point' in when)) return;
  const points: Point[] = [];
  await runScenario(plan.scenario, { ...plan, invariants: [], onPoint: (point) => points.push(point) });
  for (let at = 0; at < faults.length; at++) {
    const fault = faults[at] as Fault;
    if (!('point' in fault.when)) continue;
    const number = fault.when.point;
    const place = points.find(({ point }) => point === number);
    if (place === undefined) continue;
    const occurrence = points.filter(({ point, name }) => point <= number && name === place.name).length;
    yield withFaults(plan, faults.with(at, { ...fault, when: { step: place.name, occurrence } }));
  }
}

function* simplerFault(fault: Fault): Generator<Fault> {
  if (fault.kind === 'storm') {
    const { actor, when } = fault;
    yield { kind: 'crash', actor, when, moment: 'before' };
    if (fault.count > 1) yield { ...fault, count: fault.count - 1 };
  }
  if ('moment' in fault && fault.moment !== 'before') yield { ...fault, moment: 'before' };
  if (fault.kind === 'store' && fault.count > 1) yield { ...fault, count: Math.ceil(fault.count / 2) };
  if (fault.kind === 'hang' && fault.forUs !== undefined) {
    const { forUs: _, ...forEver } = fault;
    yield forEver;
  }
  const earlier = earlierTrigger(fault.when);
  if (earlier !== undefined) yield { ...fault, when: earlier };
}

function earlierTrigger(when: FaultTrigger): FaultTrigger | undefined {
  if (!('step' in when) || when.occurrence === 1) return undefined;
  return { ...when, occurrence: Math.ceil(when.occurrence / 2) };
}

function withFaults(plan: RunPlan, faults: readonly Fault[]): RunPlan {
  return { ...plan, scenario: { ...plan.scenario, faults: [...faults] } };
}
