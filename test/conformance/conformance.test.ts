import { afterAll, describe, expect, test } from 'vitest';
import { describeWhen, missingForKernel } from '../support/describe-when.js';
import { allCases } from './cases/all.js';
import { type Comparison, compareSteps, summary } from './compare.js';
import { ModelMachine } from './model/model-machine.js';
import { Lab } from './real/lab.js';
import { RealMachine } from './real/real-machine.js';
import { runCase } from './run-case.js';

const leastCases = 150;

test('there are cases enough, and no two have one name', () => {
  expect(allCases.length).toBeGreaterThanOrEqual(leastCases);
  expect(new Set(allCases.map(({ name }) => name)).size).toBe(allCases.length);
});

describe('on the modelled kernel', () => {
  test.each(allCases)('$name', async (one) => {
    const machine = new ModelMachine();
    const steps = await runCase(one, machine);
    await machine.end();
    const wrong = steps.filter(({ line, result }) => {
      if (line.allowed !== undefined) return !line.allowed.includes(result);
      return result.startsWith('FAILED') ? line.expected !== result : (line.expected ?? result) !== result;
    });
    expect(wrong.map(({ line, result }) => `${line.text}: ${result}`)).toEqual([]);
  });
});

describeWhen(missingForKernel(), 'the modelled kernel beside the real one', () => {
  const lab = new Lab();
  const comparisons: Comparison[] = [];
  afterAll(async () => {
    await lab.end();
    process.stdout.write(`\n${summary(comparisons)}\n`);
    expect(comparisons.length).toBe(allCases.length);
  });

  test.each(allCases)('$name', async (one) => {
    const real = await RealMachine.start(lab);
    const theirs = await runCase(one, real).finally(() => real.end());
    await lab.tidyUp();
    const machine = new ModelMachine();
    const ours = await runCase(one, machine);
    const comparison = compareSteps(one, ours, theirs);
    comparisons.push(comparison);
    if (!comparison.isEqual) expect.fail(`model and kernel differ\n${comparison.sideBySide}`);
  });
});
