import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { handlers } from '../../../strategies/seccomp-notify/handlers/registry.js';
import { type Catalogue, catalogueProblems, catalogueSchema } from '../../mutations/catalogue.js';
import type { Mutation } from '../../mutations/generate-mutations.js';
import { huntAll, huntingGround, type MutationResult } from '../../mutations/hunt-all.js';
import { mutationsDocument, rowOf, tableLines } from '../../mutations/mutation-table.js';
import { exitCode } from '../exit-codes.js';
import { packageRoot } from '../library/package-root.js';
import { findScenarios } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { mutateDispatch } from './mutate-dispatch.js';

export interface MutateFlags {
  readonly of: 'handlers' | 'dispatcher';
  readonly json?: boolean;
  readonly full?: boolean;
  readonly record?: boolean;
  readonly runs: number;
}

const seeds = ['1', '2', '3'];

/** Adds `deputy-sim mutate` to the program. */
export function addMutateCommand(program: Command): void {
  program
    .command('mutate')
    .description('skip each step, swap it with its neighbour, and say what notices')
    .addOption(
      new Option('--of <what>', 'steps of the handlers, or of a dispatch')
        .choices(['handlers', 'dispatcher'])
        .default('handlers'),
    )
    .option('--full', 'hunt also those that are known to change nothing')
    .option('--runs <n>', 'give a mutation up after so many runs', wholeNumber, 2_000)
    .option('--record', 'keep what was found: simulator/mutations/catalogue.json and its page in docs/')
    .option('--json', 'print JSON')
    .action((flags: MutateFlags) => (flags.of === 'dispatcher' ? mutateDispatch(flags) : mutate(flags)));
}

async function mutate(flags: MutateFlags): Promise<void> {
  const library = findScenarios([]).map(({ scenario }) => scenario);
  const ground = await huntingGround(handlers, library);
  const known = readCatalogue();
  const options = { catalogue: known, seeds, runs: flags.runs, huntsUnchanged: flags.full === true };
  const results: MutationResult[] = [];
  for await (const result of huntAll(ground, options)) {
    results.push(result);
    if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${ground.mutations.length} `);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  const catalogue = catalogueOf(results, known);
  const problems = catalogueProblems(ground.mutations, catalogue);
  if (flags.record) record(catalogue);
  const rows = results.map((result) => rowOf(result, known));
  if (flags.json) printJson({ mutations: rows, problems });
  else printLines([...tableLines(rows), '', summary(results, ground.mutations), ...problems]);
  if (problems.length > 0) process.exitCode = exitCode.broken;
}

/** What nothing is known to catch is not caught by what is caught now. */
function catalogueOf(results: readonly MutationResult[], { unchanged, open }: Catalogue): Catalogue {
  const caught = results.flatMap(({ mutation: { id }, caught: found }) =>
    found === undefined ? [] : [{ id, ...found }],
  );
  const isCaught = new Set(caught.map(({ id }) => id));
  return { caught, unchanged, open: open.filter(({ id }) => !isCaught.has(id)) };
}

function summary(results: readonly MutationResult[], mutations: readonly Mutation[]): string {
  const caught = results.filter((result) => result.caught !== undefined).length;
  const runs = results.reduce((sum, one) => sum + one.runs, 0);
  return `${mutations.length} mutations: ${caught} caught, ${mutations.length - caught} not, in ${runs} runs`;
}

function cataloguePath(): string {
  return join(packageRoot(), 'simulator', 'mutations', 'catalogue.json');
}

function readCatalogue(): Catalogue {
  const path = cataloguePath();
  if (!existsSync(path)) return { caught: [], unchanged: [], open: [] };
  return catalogueSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

function record(catalogue: Catalogue): void {
  writeFileSync(cataloguePath(), `${JSON.stringify(catalogue, null, 2)}\n`);
  writeFileSync(join(packageRoot(), 'docs', 'reference', 'mutations.md'), mutationsDocument(catalogue));
}
