import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { formerTables } from '../../simulator/actors/dispatch/former-ways.js';
import { parseScenario, type Scenario } from '../../simulator/index.js';
import { type Catalogue, catalogueProblems, catalogueSchema } from '../../simulator/mutations/catalogue.js';
import {
  type DispatchMutation,
  dispatchMutations,
} from '../../simulator/mutations/dispatch/dispatch-mutations.js';
import { dispatchScenarios, huntDispatch } from '../../simulator/mutations/dispatch/hunt-dispatch.js';
import { headOfDispatches, mutationsDocument } from '../../simulator/mutations/mutation-table.js';
import { commandSteps, dispatchSteps } from '../../strategies/dispatcher/index.js';
import { checkoutDirectory } from '../lab/paths.js';
import { isLong } from '../support/describe-when.js';

const root = checkoutDirectory();
const again = 'hunt again: node dist/simulator/cli.js mutate --of dispatcher --record';
/** A recorded catch may be stale when the model has changed; then it is looked for again, for a while. */
const runs = isLong ? 2_000 : 80;

describe('mutations of a dispatch', () => {
  let scenarios: Scenario[];
  let mutations: DispatchMutation[];
  let catalogue: Catalogue;

  beforeAll(async () => {
    const directory = join(root, 'simulator', 'scenarios');
    const library = readdirSync(directory)
      .filter((name) => name.startsWith('dispatch'))
      .map((name) => parseScenario(parse(readFileSync(join(directory, name), 'utf8')), name));
    const path = join(root, 'simulator', 'mutations', 'dispatch', 'catalogue.json');
    catalogue = catalogueSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    scenarios = dispatchScenarios(library);
    mutations = await dispatchMutations(formerTables([]), scenarios);
  }, 60_000);

  test('there is one for each step, and each is listed once', () => {
    const steps = [
      ...commandSteps.map(({ name }) => `skip command/${name}`),
      ...dispatchSteps.map(({ name }) => `skip dispatch/${name}`),
    ];
    expect(mutations.filter(({ id }) => id.startsWith('skip ')).map(({ id }) => id)).toEqual(steps);
    expect(catalogueProblems(mutations, catalogue), again).toEqual([]);
  });

  test('each that is said to be caught is', { timeout: isLong ? 3_600_000 : 60_000 }, async () => {
    const caught: string[] = [];
    const listed = catalogue.caught.map(({ id }) => id);
    for (const mutation of mutations.filter(({ id }) => listed.includes(id))) {
      const hunted = await huntDispatch(mutation, scenarios, catalogue, runs);
      if (hunted.caught !== undefined) caught.push(mutation.id);
    }
    expect(caught, again).toEqual(listed);
  });

  test.each(['end-is-learnt', 'success-is-execution', 'one-payload'])('%s catches one', (invariant) => {
    expect(catalogue.caught.map((one) => one.invariant)).toContain(invariant);
  });

  test('the page about them is the catalogue', () => {
    const page = readFileSync(join(root, 'docs', 'reference', 'dispatch-mutations.md'), 'utf8');
    expect(page, again).toBe(mutationsDocument(catalogue, headOfDispatches));
  });
});
