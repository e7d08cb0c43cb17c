import { describe, expect, test } from 'vitest';
import { knownStrategies } from '../../core/preflight/table.js';
import { expectResult } from './strategy.suite.js';
import { type StrategyCase, strategyCases } from './strategy-cases.js';
import { readExceptions } from './strategy-exceptions.js';

const act = async (): Promise<string> => '';
const one: StrategyCase = { id: 'one', title: 'one', right: ['EPERM', 'ESTALE'], act };
const row = {
  strategy: 'dispatcher',
  column: 'dispatcher',
  caseId: 'one',
  instead: 'opened',
  reason: 'by its nature',
};

describe('the table of what a strategy can not do', () => {
  test('is of strategies and cases that there are', () => {
    const rows = readExceptions();
    expect(rows.length).toBeGreaterThan(0);
    const ids = strategyCases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { strategy, caseId } of rows) {
      expect(knownStrategies).toContain(strategy);
      expect(ids).toContain(caseId);
    }
  });

  test('has a result that is not right, or the suite fails', () => {
    expect(() => expectResult('EPERM', one, undefined)).not.toThrow();
    expect(() => expectResult('opened', one, row)).not.toThrow();
    expect(() => expectResult('opened', one, undefined)).toThrow('neither right, nor in');
    expect(() => expectResult('closed', one, row)).toThrow('not what its row');
  });

  test('and no row that is not needed any more', () => {
    expect(() => expectResult('ESTALE', one, row)).toThrow('not needed any more');
  });
});
