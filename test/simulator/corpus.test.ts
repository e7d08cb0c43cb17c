import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { invariants, runScenario } from '../../simulator/index.js';
import { corpusEntrySchema } from '../../simulator/scenario/corpus-schema.js';
import { checkoutDirectory } from '../lab/paths.js';

const directory = join(checkoutDirectory(), 'simulator', 'corpus');
const names = readdirSync(directory);

test.each(names)('%s: what was found stays found', async (name) => {
  const entry = corpusEntrySchema.parse(parse(readFileSync(join(directory, name), 'utf8')));
  expect(`${entry.scenario.name}.yaml`).toBe(name);
  expect(invariants.map(({ id }) => id)).toContain(entry.broke);
  const { violations, outcome, coverage } = await runScenario(entry.scenario, { seed: entry.seed });
  expect({ violations, outcome }).toEqual({ violations: [], outcome: 'held' });
  // A fault that never happens shows nothing.
  const happened = Object.values(coverage.faults).reduce((sum, count) => sum + count, 0);
  expect(happened).toBeGreaterThanOrEqual(entry.scenario.faults.length);
});
