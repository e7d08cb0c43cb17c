import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StrategyCase, strategyCases } from './strategy-cases.js';
import type { StrategyException } from './strategy-exceptions.js';
import { columnOf, type Selection, type StrategyDriver, type StrategyScene } from './strategy-port.js';

/** What came of each case, by strategy and case. */
export type StrategyResults = Map<string, Map<string, string>>;

const selections: readonly Selection[] = ['name', 'auto'];

/**
 * Is it right or, where the committed table has the case, what that says? A row that isn't needed any more is
 * as wrong as one that is missing.
 */
export function expectResult(
  result: string,
  { right }: StrategyCase,
  exception: StrategyException | undefined,
): void {
  if (exception === undefined) {
    const what = `'${result}' is neither right, nor in strategy-exceptions.json`;
    expect(right, what).toContain(result);
    return;
  }
  expect(right, 'its row in strategy-exceptions.json is not needed any more').not.toContain(result);
  expect(result, 'not what its row in strategy-exceptions.json says').toBe(exception.instead);
}

/** Runs all cases against one strategy, chosen by its name and by 'auto'; what came of them goes to `results`. */
export function strategySuite(
  driver: StrategyDriver,
  exceptions: readonly StrategyException[],
  results: StrategyResults,
): void {
  const { strategy } = driver;
  const column = columnOf(driver);
  const seen = new Map<string, string>();
  results.set(column, seen);
  describe.each(selections)(`${column}, selected by %s`, (selection) => {
    let scene: StrategyScene;
    beforeAll(async () => {
      scene = await driver.establish(selection);
    }, 60_000);
    afterAll(() => scene.end(), 60_000);

    for (const one of strategyCases) {
      if (one.only !== undefined && one.only !== selection) continue;
      test(`${one.id}: ${one.title}`, async () => {
        const result = await one.act(scene);
        const exception = exceptions.find((row) => row.column === column && row.caseId === one.id);
        expectResult(result, one, exception);
        seen.set(one.id, result);
      });
    }

    test('is the one that was chosen, as it was asked for', async () => {
      const events = await scene.story();
      const [requested, assessed] = events;
      expect(requested?.data).toMatchObject({ strategy: selection === 'auto' ? 'auto' : strategy });
      expect(assessed?.data).toMatchObject({ chosen: strategy });
    });
  });
}
