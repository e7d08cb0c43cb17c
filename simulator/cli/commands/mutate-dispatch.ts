import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formerTables } from '../../actors/dispatch/former-ways.js';
import { type Catalogue, catalogueProblems, catalogueSchema } from '../../mutations/catalogue.js';
import { dispatchMutations } from '../../mutations/dispatch/dispatch-mutations.js';
import {
  type DispatchHunt,
  dispatchScenarios,
  huntDispatch,
} from '../../mutations/dispatch/hunt-dispatch.js';
import { headOfDispatches, mutationsDocument, rowOf, tableLines } from '../../mutations/mutation-table.js';
import { exitCode } from '../exit-codes.js';
import { packageRoot } from '../library/package-root.js';
import { findScenarios } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import type { MutateFlags } from './mutate.js';

/** `deputy-sim mutate --of dispatcher`. */
export async function mutateDispatch(flags: MutateFlags): Promise<void> {
  const path = join(packageRoot(), 'simulator', 'mutations', 'dispatch', 'catalogue.json');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '{ "caught": [], "unchanged": [] }';
  const known = catalogueSchema.parse(JSON.parse(text));
  const scenarios = dispatchScenarios(findScenarios([]).map(({ scenario }) => scenario));
  const mutations = await dispatchMutations(formerTables([]), scenarios);
  const results = await huntThem(mutations, scenarios, known, flags);
  const catalogue = catalogueOf(results, known);
  const problems = catalogueProblems(mutations, catalogue);
  if (flags.record) {
    writeFileSync(path, `${JSON.stringify(catalogue, null, 2)}\n`);
    const page = join(packageRoot(), 'docs', 'reference', 'dispatch-mutations.md');
    writeFileSync(page, mutationsDocument(catalogue, headOfDispatches));
  }
  const rows = results.map((result) => rowOf(result, known));
  if (flags.json) printJson({ mutations: rows, problems });
  else printLines([...tableLines(rows), '', `${mutations.length} mutations`, ...problems]);
  if (problems.length > 0) process.exitCode = exitCode.broken;
}

async function huntThem(
  mutations: Parameters<typeof huntDispatch>[0][],
  scenarios: Parameters<typeof huntDispatch>[1],
  known: Catalogue,
  { full, runs }: MutateFlags,
): Promise<DispatchHunt[]> {
  const notCaught = new Set([...known.unchanged, ...known.open].map(({ id }) => id));
  const results: DispatchHunt[] = [];
  for (const mutation of mutations) {
    const isLeft = notCaught.has(mutation.id) && full !== true;
    results.push(await huntDispatch(mutation, scenarios, known, isLeft ? 0 : runs));
  }
  return results;
}

/** What nothing is known to catch is not caught by what is caught now. */
function catalogueOf(results: readonly DispatchHunt[], { unchanged, open }: Catalogue): Catalogue {
  const caught = results.flatMap(({ mutation: { id }, caught: found }) =>
    found === undefined ? [] : [{ id, ...found }],
  );
  const isCaught = new Set(caught.map(({ id }) => id));
  return { caught, unchanged, open: open.filter(({ id }) => !isCaught.has(id)) };
}
