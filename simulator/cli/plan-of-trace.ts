import { deputyError } from '../../core/errors/deputy-error.js';
import type { RunPlan } from '../runner/run-plan.js';
import { parseFaults, parseScenario } from '../scenario/parse-scenario.js';
import { setupSchema } from '../scenario/scenario-schema.js';
import type { TraceHeader } from '../trace/schema.js';

/** The run that a trace's header describes. Errors: DEPUTY_E_SCENARIO_INVALID, _TRACE_LINE_INVALID. */
export function planOfTrace({ scenario, seed, options }: TraceHeader): RunPlan {
  const { setup, faults } = options;
  const parsed = setupSchema.safeParse(setup);
  if (!parsed.success) {
    const problems = `options.setup: ${parsed.error.issues[0]?.message}`;
    throw deputyError('DEPUTY_E_TRACE_LINE_INVALID', { line: 1, problems });
  }
  return {
    scenario: parseScenario(scenario, '(of the trace)'),
    seed,
    setup: parsed.data,
    faults: parseFaults(faults ?? [], '(of the trace)'),
  };
}
