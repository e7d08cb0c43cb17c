import { TraceWriter } from '../trace/writer.js';
import { type RunPlan, setupOf } from './run-plan.js';
import { type RunResult, runScenario } from './run-scenario.js';

/** What a trace's header says besides the plan. */
export interface RecordOptions {
  readonly build: string;
  /** The command that does it again. */
  readonly reproduce: string;
}

export interface RecordedRun {
  readonly result: RunResult;
  /** The hash of the last line, which stands for the whole trace. */
  readonly hash: string;
  readonly entries: number;
}

/** Runs a plan and hands the lines of its trace to `sink`, without newlines. */
export async function recordRun(
  plan: RunPlan,
  { build, reproduce }: RecordOptions,
  sink: (line: string) => void,
): Promise<RecordedRun> {
  const { scenario, seed, faults } = plan;
  const options = { setup: setupOf(plan), faults, reproduce };
  const writer = new TraceWriter({ build, seed, scenario: { ...scenario }, options, actors: [] }, sink);
  const result = await runScenario(scenario, { ...plan, trace: (entry) => writer.entry(entry) });
  const { steps, timeUs, outcome, stateHash } = result;
  const violations = result.violations.map(({ invariant, sentence, sequence, detail }) => ({
    invariant,
    sentence,
    sequence,
    detail: { ...detail },
  }));
  const hash = writer.end({ steps, timeUs, outcome, violations, stateHash });
  return { result, hash, entries: writer.entries };
}
