import type { Command } from 'commander';
import { faultSentences } from '../../catalog/fault-sentences.js';
import { strategySentences } from '../../catalog/strategy-sentences.js';
import { compareVariants } from '../../compare/variants.js';
import { invariants } from '../../invariants/all.js';
import { createPaint, type Paint } from '../../show/text/palette.js';
import { wrapText } from '../../show/text/wrap-text.js';
import { findScenarios } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { terminalOf } from '../terminal.js';

interface Item {
  readonly name: string;
  readonly sentence: string;
}

/** Adds `deputy-sim list` to the program. */
export function addListCommand(program: Command): void {
  program
    .command('list')
    .description('say what there is: scenarios, faults, invariants, strategies, setups to compare')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action((flags: { readonly json?: boolean; readonly width?: number }) => {
      const catalog = makeCatalog();
      if (flags.json) return printJson(catalog);
      const terminal = terminalOf(process.stdout, process.env);
      const width = Math.min(flags.width ?? terminal.width, 110);
      const paint = createPaint(terminal.color);
      for (const [title, items] of Object.entries(catalog)) printLines(itemLines(title, items, width, paint));
    });
}

function makeCatalog(): Readonly<Record<string, readonly Item[]>> {
  return {
    scenarios: findScenarios([]).map(({ word, scenario }) => ({
      name: word,
      sentence: scenario.sentence,
      ...(scenario.expect.broken.length > 0 ? { breaks: scenario.expect.broken } : {}),
    })),
    faults: items(faultSentences),
    invariants: invariants.map(({ id, sentence }) => ({ name: id, sentence })),
    strategies: items(strategySentences),
    setups: compareVariants().map(({ id, sentence }) => ({ name: id, sentence })),
  };
}

function items(sentences: Readonly<Record<string, string>>): Item[] {
  return Object.entries(sentences).map(([name, sentence]) => ({ name, sentence }));
}

function itemLines(title: string, all: readonly Item[], width: number, paint: Paint): string[] {
  const longest = Math.max(...all.map(({ name }) => name.length));
  const room = Math.max(20, width - longest - 4);
  const lines = all.flatMap(({ name, sentence }) =>
    wrapText(sentence, room).map((text, at) => {
      const label = at === 0 ? paint('accent', name.padEnd(longest)) : ' '.repeat(longest);
      return `  ${label}  ${text}`;
    }),
  );
  return [paint('bold', title), ...lines, ''];
}
