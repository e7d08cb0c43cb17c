import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { crashAt, enumerateCrashPoints, parseScenario, runScenario } from '../../simulator/index.js';
import { checkoutDirectory } from '../lab/paths.js';
import { isLong } from '../support/describe-when.js';

const directory = join(checkoutDirectory(), 'simulator', 'scenarios');
const chosen = isLong ? ['calls-in-flight', 'opath-exact', 'killable-filter'] : ['calls-in-flight'];

describe('whoever dies at whichever point, all invariants hold', () => {
  test.each(chosen)(
    '%s',
    async (name) => {
      const scenario = parseScenario(parse(readFileSync(join(directory, `${name}.yaml`), 'utf8')));
      const points = await enumerateCrashPoints(scenario, { seed: '1' });
      expect(points.length).toBeGreaterThan(200);
      for (const point of points) {
        const { violations, outcome } = await runScenario(scenario, { seed: '1', faults: [crashAt(point)] });
        expect({ violations, outcome, point }).toEqual({ violations: [], outcome: 'held', point });
      }
    },
    120_000,
  );
});

test('the same seed goes the same way, with and without a trace; another one another way', async () => {
  const text = readFileSync(join(directory, 'calls-in-flight.yaml'), 'utf8');
  const scenario = parseScenario(parse(text));
  const first = await runScenario(scenario, { seed: '7' });
  const entries: unknown[] = [];
  const traced = await runScenario(scenario, { seed: '7', trace: (entry) => entries.push(entry) });
  const other = await runScenario(scenario, { seed: '8' });
  expect(traced).toEqual(first);
  expect(entries.length).toBeGreaterThan(first.points);
  expect(other.stateHash).not.toBe(first.stateHash);
});
