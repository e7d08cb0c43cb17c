import { expect, test } from 'vitest';
import {
  crashAt,
  enumerateCrashPoints,
  parseScenario,
  runScenario,
  type ScenarioInput,
} from '../../simulator/index.js';

const simple: ScenarioInput = {
  name: 'simple',
  sentence: 'A few calls of every common kind.',
  targets: [
    {
      name: 'vm',
      threads: [
        { calls: [{ open: 'own', times: 2, close: false }, { nameToHandle: 'own' }, { open: 'secret' }] },
        { calls: [{ open: 'own', flags: ['O_RDWR', 'O_TRUNC'] }, { open: 'link' }] },
      ],
    },
  ],
};

test('the same seed goes the same way, another one another way', async () => {
  const scenario = parseScenario(simple);
  const first = await runScenario(scenario, { seed: '7' });
  const second = await runScenario(scenario, { seed: '7' });
  const other = await runScenario(scenario, { seed: '8' });
  expect(second).toEqual(first);
  expect(other.stateHash).not.toBe(first.stateHash);
  expect(first.violations).toEqual([]);
  expect(first.outcome).toBe('held');
});

test('whoever dies at whichever point, all invariants hold', async () => {
  const scenario = parseScenario(simple);
  const points = await enumerateCrashPoints(scenario, { seed: '1' });
  expect(points.length).toBeGreaterThan(200);
  for (const point of points) {
    const { violations, outcome } = await runScenario(scenario, { seed: '1', faults: [crashAt(point)] });
    expect({ violations, outcome, point }).toEqual({ violations: [], outcome: 'held', point });
  }
});
