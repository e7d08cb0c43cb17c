import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseScenario } from '../../simulator/index.js';
import { type Catalogue, catalogueProblems, catalogueSchema } from '../../simulator/mutations/catalogue.js';
import { type HuntingGround, huntAll, huntingGround } from '../../simulator/mutations/hunt-all.js';
import { mutationsDocument, rowOf, tableLines } from '../../simulator/mutations/mutation-table.js';
import { handlers } from '../../strategies/seccomp-notify/handlers/registry.js';
import { checkoutDirectory } from '../lab/paths.js';
import { isLong } from '../support/describe-when.js';

const root = checkoutDirectory();
const again = 'hunt again: node dist/simulator/cli.js mutate --record';
/** A recorded catch may be stale when the model has changed; then it is looked for again, for a while. */
const runs = isLong ? 20_000 : 400;

function library() {
  const directory = join(root, 'simulator', 'scenarios');
  return readdirSync(directory)
    .sort()
    .map((name) => parseScenario(parse(readFileSync(join(directory, name), 'utf8')), name));
}

describe('mutations of the handlers and of recovery', () => {
  let ground: HuntingGround;
  let catalogue: Catalogue;

  beforeAll(async () => {
    const text = readFileSync(join(root, 'simulator', 'mutations', 'catalogue.json'), 'utf8');
    catalogue = catalogueSchema.parse(JSON.parse(text));
    ground = await huntingGround(handlers, library());
  }, 120_000);

  test('there is one for each step, and each is listed once', () => {
    expect(ground.mutations.length).toBeGreaterThanOrEqual(40);
    const steps = new Set(handlers.flatMap(({ steps: table }) => table.map(({ name }) => name)));
    const skipped = ground.mutations.filter(({ kind }) => kind === 'skip').flatMap((one) => one.steps);
    expect(new Set(skipped)).toEqual(steps);
    expect(catalogueProblems(ground.mutations, catalogue), again).toEqual([]);
  });

  test('each is caught, but for those that change nothing', {
    timeout: isLong ? 3_600_000 : 120_000,
  }, async () => {
    const rows = [];
    const wrong: string[] = [];
    const unchanged = new Set([...catalogue.unchanged, ...catalogue.open].map(({ id }) => id));
    const options = { catalogue, seeds: ['1', '2', '3'], runs, huntsUnchanged: isLong };
    for await (const result of huntAll(ground, options)) {
      rows.push(rowOf(result, catalogue));
      const { id } = result.mutation;
      if (result.caught === undefined && !unchanged.has(id)) wrong.push(`${id}: nothing catches it`);
      if (result.caught !== undefined && unchanged.has(id))
        wrong.push(`${id}: it is caught, the proof is wrong`);
    }
    console.log(tableLines(rows).join('\n'));
    expect(wrong).toEqual([]);
  });

  test('the page about them is the catalogue', () => {
    const page = readFileSync(join(root, 'docs', 'reference', 'mutations.md'), 'utf8');
    expect(page, again).toBe(mutationsDocument(catalogue));
  });

  test('the library comes to every step of every handler', async () => {
    const { scenarios, facts } = ground;
    const open = new Set(catalogue.open.map(({ id }) => id));
    expect(scenarios.length).toBeGreaterThan(10);
    // Every step of every handler was seen, but for those that a handler shares and can't come to.
    const own = handlers.flatMap(({ syscall, steps, recover }) =>
      steps.flatMap(({ name }, number) => {
        const isShared = number < 7 || (number >= recover && number < recover + 8);
        // What nobody hunts yet is listed as open.
        const isOpen = open.has(`skip ${syscall}/${name}`);
        return isShared || isOpen || (facts.get(syscall)?.[number]?.reached ?? 0) > 0
          ? []
          : [`${syscall}/${name}`];
      }),
    );
    expect(own).toEqual([]);
  });
});
