import type { Command } from 'commander';
import { diffJson } from '../../show/diff/diff-json.js';
import { renderDiff } from '../../show/diff/diff-text.js';
import { diffTraces } from '../../show/diff/diff-traces.js';
import { exitCode } from '../exit-codes.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { readTraceFile } from '../read-trace-file.js';
import { terminalOf } from '../terminal.js';

interface DiffFlags {
  readonly json?: boolean;
  readonly width?: number;
  readonly context: number;
}

/** A side by side needs some width even where the output is a file. */
const defaultWidth = 160;

/** Adds `deputy-sim diff` to the program. */
export function addDiffCommand(program: Command): void {
  program
    .command('diff')
    .description('find the first entry where two traces part, and show both sides of it')
    .argument('<a>', 'a trace file')
    .argument('<b>', 'another')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .option('--context <n>', 'so many entries before and after', wholeNumber, 5)
    .action((a: string, b: string, flags: DiffFlags) => {
      const diff = diffTraces(readTraceFile(a), readTraceFile(b), flags.context);
      const terminal = terminalOf(process.stdout, process.env);
      if (flags.json) printJson(diffJson(diff));
      else {
        const width = flags.width ?? Math.min(terminal.width, process.stdout.isTTY ? Infinity : defaultWidth);
        printLines(renderDiff(diff, { ...terminal, width }));
      }
      if (diff.same) return;
      process.exitCode = diff.sameRun ? exitCode.nondeterminism : exitCode.broken;
    });
}
