import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isDeputyError } from '../../core/errors/deputy-error.js';
import { parseScenario, runScenario, type Scenario } from '../../simulator/index.js';
import { checkoutDirectory } from '../lab/paths.js';

const directory = join(checkoutDirectory(), 'simulator', 'scenarios');
const seeds = ['1', '2', '3', '18446744073709551615'];

function read(name: string): Scenario {
  return parseScenario(parse(readFileSync(join(directory, name), 'utf8')), name);
}

describe('the library of scenarios', () => {
  const names = readdirSync(directory).filter((name) => name.endsWith('.yaml'));

  test.each(names)('%s: what it expects, on every seed', async (name) => {
    const scenario = read(name);
    expect(`${scenario.name}.yaml`).toBe(name);
    for (const seed of seeds) {
      const { violations, outcome, coverage } = await runScenario(scenario, { seed });
      const broken = [...new Set(violations.map(({ invariant }) => invariant))].sort();
      expect({ seed, broken }).toEqual({ seed, broken: [...scenario.expect.broken].sort() });
      expect(outcome).toBe(broken.length > 0 ? 'broken' : 'held');
      // A fault that never happens shows nothing.
      if (scenario.faults.length > 0) expect(Object.keys(coverage.faults)).not.toEqual([]);
    }
  });

  test('what the classic setup loses, ours answers, in the same scenario', async () => {
    const scenario = read('talk-restart-classic.yaml');
    const ours = { keeper: true, standby: true, journal: true, injector: true, serviceManager: true };
    expect(await runScenario(scenario, { seed: '1', setup: ours })).toMatchObject({ outcome: 'held' });
  });

  test('a mutation is noticed: a successor that does not look for what was added', async () => {
    const scenario = read('calls-in-flight.yaml');
    const { violations } = await runScenario(scenario, {
      seed: '1',
      mutateTable: ({ steps }) =>
        steps.map((step, number) =>
          step.name === 'adopt-descriptor'
            ? { ...step, act: () => -2, next: step.next }
            : (steps[number] ?? step),
        ),
    });
    expect(violations.map(({ invariant }) => invariant)).toContain('no-leaks');
  });
});

test('a scenario that is wrong says where', () => {
  const wrong = {
    name: 'x',
    sentence: 'x',
    targets: [{ name: 'vm', threads: [{ calls: [{ opne: 'own' }] }] }],
  };
  let error: unknown;
  try {
    parseScenario(wrong, 'x.yaml');
  } catch (thrown) {
    error = thrown;
  }
  expect(isDeputyError(error, 'DEPUTY_E_SCENARIO_INVALID')).toBe(true);
  expect((error as Error).message).toMatch(/x\.yaml[\s\S]*targets\[0\]\.threads\[0\]\.calls\[0\]/);
  const unknown = { ...wrong, targets: [{ name: 'vm', threads: [{ calls: [{ open: 'own' }] }] }] };
  const faults = [{ kind: 'target-death', target: 'nobody', when: { atUs: 1 } }];
  expect(() => parseScenario({ ...unknown, faults })).toThrow(
    /faults\[0\]\.target: there is no target 'nobody'/,
  );
});
