import { describe, expect, test } from 'vitest';
import { crashAt, enumerateCrashPoints, runScenario, type Scenario } from '../../simulator/index.js';
import { brokerSteps } from '../../strategies/sidecar-caps/index.js';
import { isLong } from '../support/describe-when.js';
import { readScenario } from './read-scenario.js';

/** In the short form every so manieth point: a prime, so that each kind of step has its turns. */
const stride = 17;

describe('whoever dies at whichever point of a broker, all invariants hold', () => {
  const all = ['broker-truncates', 'broker-restart', 'broker-forged', 'broker-target-death'];

  test.each(isLong ? all : ['broker-truncates'])('%s', { timeout: 600_000 }, async (name) => {
    const scenario = readScenario(name);
    const points = await enumerateCrashPoints(scenario, { seed: '1' });
    const chosen = isLong ? points : points.filter((_, index) => index % stride === 0);
    expect(chosen.length).toBeGreaterThan(10);
    for (const point of chosen) {
      const { violations, outcome } = await runScenario(scenario, { seed: '1', faults: [crashAt(point)] });
      expect({ point, violations, outcome }).toEqual({ point, violations: [], outcome: 'held' });
    }
  });
});

test('the real steps run, each of them', async () => {
  const seen = new Set<string>();
  const trace = ({ name }: { readonly name: string }): void => void seen.add(name);
  await runScenario(readScenario('broker-restart'), { seed: '1', trace });
  const named = brokerSteps.map(({ name }) => (name === 'verify' ? 'inspect-broker' : name));
  expect(named.filter((name) => !seen.has(name))).toEqual([]);
});

test('a target sees no error of a sidecar that is killed twelve times under load', async () => {
  const { outcome, coverage } = await runScenario(readScenario('broker-crash-storm'), { seed: '1' });
  expect(outcome).toBe('held');
  expect(coverage.faults['storm']).toBeGreaterThan(0);
  expect(coverage.steps['begin-epoch']).toBeGreaterThan(3);
});

describe('a mistake is noticed', () => {
  const brokenBy = async (scenario: Scenario, dropped?: string): Promise<string[]> => {
    const { violations } = await runScenario(scenario, {
      seed: '1',
      mutateTable: ({ steps }) =>
        steps.map((step) => (step.name === dropped ? { ...step, act: () => 0, next: step.next } : step)),
    });
    return [...new Set(violations.map(({ invariant }) => invariant))].sort();
  };

  test('a client that sends an open with O_TRUNC again', async () => {
    const scenario = readScenario('old-repeats-truncation');
    expect(await brokenBy(scenario)).toEqual(['never-truncated-again']);
    expect(await brokenBy({ ...scenario, broker: { oldWays: [] } })).toEqual([]);
  });

  test('a broker that does not look at seals', async () => {
    expect(await brokenBy(readScenario('broker-forged'), 'verify-seal')).toContain('nothing-forbidden');
  });

  test('a broker that sends an answer without its descriptor', async () => {
    expect(await brokenBy(readScenario('broker-restart'), 'add-descriptor')).toContain('answers-are-right');
  });
});
