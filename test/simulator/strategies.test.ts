import { describe, expect, test } from 'vitest';
import { crashAt, enumerateCrashPoints, runScenario } from '../../simulator/index.js';
import { isLong } from '../support/describe-when.js';
import { readScenario } from './read-scenario.js';

const ENOSYS = -38;
/** In the short form every so manieth point: a prime, so that each kind of step has its turns. */
const stride = 199;

describe('whoever dies at whichever point, all invariants hold', () => {
  test.each(['file-handle', 'sidecar-restart'])('%s', { timeout: 600_000 }, async (name) => {
    const scenario = readScenario(name);
    const points = await enumerateCrashPoints(scenario, { seed: '1' });
    expect(points.length).toBeGreaterThan(1000);
    for (const point of isLong ? points : points.filter((_, index) => index % stride === 0)) {
      const { violations, outcome } = await runScenario(scenario, { seed: '1', faults: [crashAt(point)] });
      expect({ point, violations, outcome }).toEqual({ point, violations: [], outcome: 'held' });
    }
  });
});

describe('file-handle', () => {
  test('directories are opened while nobody serves; the one call that fails is the open of a file', async () => {
    const { violations, coverage } = await runScenario(readScenario('file-handle-nobody-serves'), {
      seed: '1',
    });
    expect(violations.map(({ detail }) => detail['result'])).toEqual([ENOSYS]);
    expect(coverage.steps['open-direct']).toBeUndefined();
  });

  test('a handler that does not look at seals is noticed', async () => {
    const { violations } = await runScenario(readScenario('file-handle'), {
      seed: '1',
      mutateTable: ({ steps }) =>
        steps.map((step) => (step.name === 'verify-seal' ? { ...step, act: () => 0 } : step)),
    });
    expect(violations.map(({ invariant }) => invariant)).toContain('nothing-forbidden');
  });
});

test('a killed sidecar takes over what the listener keepers have, and finishes what it had in hand', async () => {
  const { coverage, outcome } = await runScenario(readScenario('sidecar-restart'), { seed: '1' });
  expect(outcome).toBe('held');
  expect(coverage.steps['take-over']).toBeGreaterThan(0);
  expect(coverage.events['delegation.recovering']).toBe(2);
  // One listener, taken from a runtime once: later ones come back by the name that its keeper was given.
  expect(coverage.steps['take-listener']).toBe(1);
});
