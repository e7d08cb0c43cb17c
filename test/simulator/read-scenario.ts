import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseScenario, runScenario, type Scenario } from '../../simulator/index.js';
import { checkoutDirectory } from '../lab/paths.js';

export const scenarioDirectory = join(checkoutDirectory(), 'simulator', 'scenarios');

/** One of the scenarios that ship, by its name. */
export function readScenario(name: string): Scenario {
  return parseScenario(parse(readFileSync(join(scenarioDirectory, `${name}.yaml`), 'utf8')), name);
}

/** The invariants that a run of it breaks, by name. */
export async function brokenBy(scenario: Scenario, seed: string): Promise<string[]> {
  const { violations } = await runScenario(scenario, { seed });
  return [...new Set(violations.map(({ invariant }) => invariant))].sort();
}
