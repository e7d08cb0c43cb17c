import { expect, test } from 'vitest';
import { type StrategyResults, strategySuite } from '../../contract/strategy.suite.js';
import { readExceptions } from '../../contract/strategy-exceptions.js';
import { strategyTable } from '../../contract/strategy-table.js';
import { describeWhen, missingForKernel } from '../../support/describe-when.js';
import { strategyDrivers } from './support/drivers.js';

describeWhen(missingForKernel(), 'the contract of strategies', () => {
  const exceptions = readExceptions();
  const results: StrategyResults = new Map();
  for (const driver of strategyDrivers) strategySuite(driver, exceptions, results);

  test('the table in the docs is what came of it', async () => {
    const text = strategyTable(results, exceptions);
    await expect(text).toMatchFileSnapshot('../../../docs/reference/strategies.md');
  });
});
