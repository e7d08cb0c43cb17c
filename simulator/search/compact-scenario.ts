import { type Scenario, scenarioSchema } from '../scenario/scenario-schema.js';
import { canonicalJson } from '../trace/canonical-json.js';

type Fields = Record<string, unknown>;

/** A scenario as somebody would write it: without what the schema fills in by itself. */
export function compactScenario(scenario: Scenario): Fields {
  const compact = structuredClone(scenario) as unknown as Fields;
  const wanted = canonicalJson(scenario);
  const isSame = (): boolean => {
    const parsed = scenarioSchema.safeParse(compact);
    return parsed.success && canonicalJson(parsed.data) === wanted;
  };
  leaveOut(compact, isSame);
  return compact;
}

/** Leaves out what makes no difference, the largest pieces first. */
function leaveOut(value: object, isSame: () => boolean): void {
  for (const key of Object.keys(value)) {
    const fields = value as Fields;
    const field = fields[key];
    if (!Array.isArray(value)) {
      delete fields[key];
      if (isSame()) continue;
      // Each that stays goes to the end, so that the order of all stays, too.
      fields[key] = field;
    }
    if (typeof field === 'object' && field !== null) leaveOut(field, isSame);
  }
}
