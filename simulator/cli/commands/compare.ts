import type { Command } from 'commander';
import { measure } from '../../compare/measure.js';
import { type Comparison, comparisonJson, comparisonMarkdown } from '../../compare/table.js';
import { comparisonText } from '../../compare/table-text.js';
import { compareVariants, type Variant } from '../../compare/variants.js';
import { misfits } from '../../faults/fitting-faults.js';
import { invariants } from '../../invariants/all.js';
import { createPaint } from '../../show/text/palette.js';
import { buildIdentity } from '../library/build-identity.js';
import { findScenarios } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { factLine } from '../plan-lines.js';
import { seedNumber } from '../plan-options.js';
import { Progress } from '../progress.js';
import { shellWord } from '../reproduce.js';
import { terminalOf } from '../terminal.js';

interface CompareFlags {
  readonly seed: string;
  readonly runs: number;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly progress?: boolean;
  readonly width?: number;
}

/** The talk's: a monitor that restarts, and one that dies with a call in hand. */
const talk = ['talk-restart-classic', 'talk-in-flight-classic'] as const;

/** Adds `deputy-sim compare` to the program. */
export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .description('run a scenario across strategies and keeper settings: who survives what')
    .argument('[scenario...]', `files or names; ${talk.join(' and ')}, if none is given`)
    .option('--seed <n>', 'the first seed', seedNumber, '1')
    .option('--runs <n>', 'so many seeds for each', wholeNumber, 20)
    .option('--json', 'print JSON')
    .option('--markdown', 'print Markdown')
    .option('--progress', 'progress on stderr although it is no terminal')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(compare);
}

async function compare(words: readonly string[], flags: CompareFlags): Promise<void> {
  const names = words.length > 0 ? words : talk;
  const comparisons = await compareAll(names, flags);
  const seeds = `--seed ${flags.seed} --runs ${flags.runs}`;
  const again = `deputy-sim compare ${names.map(shellWord).join(' ')} ${seeds}`;
  const terminal = terminalOf(process.stdout, process.env);
  if (flags.json) {
    const about = { build: buildIdentity(), seed: flags.seed, runs: flags.runs };
    return printJson({ ...about, comparisons: comparisons.map(comparisonJson), reproduce: again });
  }
  if (flags.markdown) {
    for (const comparison of comparisons) printLines([...comparisonMarkdown(comparison), '']);
    return printLines([`\`${again}\``]);
  }
  const width = flags.width ?? terminal.width;
  const paint = createPaint(terminal.color);
  printLines([
    factLine('build', buildIdentity(), width, paint),
    factLine('seeds', `${flags.runs} from ${flags.seed} on, for each column`, width, paint),
    '',
  ]);
  for (const comparison of comparisons) {
    printLines([...comparisonText(comparison, { width, paint, unicode: terminal.unicode }), '']);
  }
  printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
}

async function compareAll(words: readonly string[], flags: CompareFlags): Promise<Comparison[]> {
  const first = BigInt(flags.seed);
  const seeds = Array.from({ length: Math.max(1, flags.runs) }, (_, at) =>
    String(BigInt.asUintN(64, first + BigInt(at))),
  );
  const progress = new Progress(flags.progress === true);
  const comparisons: Comparison[] = [];
  for (const { scenario } of findScenarios(words)) {
    const columns: Comparison['columns'][number][] = [];
    // What would do nothing to a strategy compares nothing.
    const fits = ({ setup }: Variant): boolean => misfits(scenario.faults, setup.strategy).length === 0;
    for (const variant of compareVariants().filter(fits)) {
      progress.show(() => `${scenario.name}: ${variant.id}`);
      columns.push({ variant, measures: await measure(scenario, variant.setup, seeds, invariants) });
    }
    comparisons.push({ scenario: scenario.name, sentence: scenario.sentence, columns });
  }
  progress.clear();
  return comparisons;
}
