import type { RunPlan } from '../runner/run-plan.js';
import type { Scenario, ScenarioCall, ScenarioTarget } from '../scenario/scenario-schema.js';

type Thread = ScenarioTarget['threads'][number];

/** Plans whose scenario has fewer targets, threads or calls; all that faults name stays. */
export function* simplerScenarios(plan: RunPlan): Generator<RunPlan> {
  for (const targets of simplerTargets(plan.scenario)) {
    yield { ...plan, scenario: { ...plan.scenario, targets: [...targets] } };
  }
}

function* simplerTargets({ targets, faults }: Scenario): Generator<readonly ScenarioTarget[]> {
  const named = new Set(faults.flatMap((fault) => ('target' in fault ? [fault.target] : [])));
  for (let at = 0; at < targets.length; at++) {
    const target = targets[at] as ScenarioTarget;
    if (targets.length > 1 && !named.has(target.name)) yield targets.toSpliced(at, 1);
  }
  for (let at = 0; at < targets.length; at++) {
    const target = targets[at] as ScenarioTarget;
    for (const threads of simplerThreads(target.threads)) {
      yield targets.with(at, { ...target, threads: [...threads] });
    }
  }
}

function* simplerThreads(threads: readonly Thread[]): Generator<readonly Thread[]> {
  for (let at = 0; at < threads.length && threads.length > 1; at++) yield threads.toSpliced(at, 1);
  for (let at = 0; at < threads.length; at++) {
    const thread = threads[at] as Thread;
    for (const calls of simplerCalls(thread.calls)) yield threads.with(at, { ...thread, calls: [...calls] });
  }
}

function* simplerCalls(calls: readonly ScenarioCall[]): Generator<readonly ScenarioCall[]> {
  const half = calls.length >> 1;
  if (half > 1) {
    yield calls.slice(0, half);
    yield calls.slice(half);
  }
  for (let at = 0; at < calls.length && calls.length > 1; at++) yield calls.toSpliced(at, 1);
  for (let at = 0; at < calls.length; at++) {
    const call = calls[at] as ScenarioCall;
    if (call.times === 1) continue;
    yield calls.with(at, { ...call, times: 1 });
    if (call.times > 2) yield calls.with(at, { ...call, times: call.times >> 1 });
    if (call.times > 3) yield calls.with(at, { ...call, times: call.times - 1 });
  }
}
