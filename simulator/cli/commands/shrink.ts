import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { deputyError } from '../../../core/errors/deputy-error.js';
import { escapeText } from '../../../core/events/escape-text.js';
import type { RunPlan } from '../../runner/run-plan.js';
import { profileOf } from '../../search/profile.js';
import { randomFaults } from '../../search/random-faults.js';
import { brokenBy, type Shrunk, shrink } from '../../search/shrink.js';
import { createPaint } from '../../show/text/palette.js';
import { exitCode } from '../exit-codes.js';
import { findScenario } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { factLine, planJson, planLines } from '../plan-lines.js';
import { planOfTrace } from '../plan-of-trace.js';
import { addPlanOptions, addSeedOption, type PlanFlags, planOf } from '../plan-options.js';
import { Progress } from '../progress.js';
import { readTraceFile } from '../read-trace-file.js';
import { scenarioText, writeScenario } from '../report-failures.js';
import { reproduceLine } from '../reproduce.js';
import { terminalOf } from '../terminal.js';
import { traceDirectory } from './run.js';

interface ShrinkFlags extends PlanFlags {
  readonly randomFaults?: boolean;
  readonly invariant?: string;
  readonly runs: number;
  readonly output?: string;
  readonly progress?: boolean;
  readonly json?: boolean;
  readonly width?: number;
}

/** Adds `deputy-sim shrink` to the program. */
export function addShrinkCommand(program: Command): void {
  const command = program
    .command('shrink')
    .description('find the fewest faults, calls and threads that break the same invariant')
    .argument('<trace|scenario>', 'a trace of a run that broke, or a scenario, with --seed and --fault');
  addPlanOptions(addSeedOption(command))
    .option('--random-faults', 'add the faults that search adds with this seed')
    .option('--invariant <id>', 'which one has to break; the first that did, if not given')
    .option('--runs <n>', 'at most so many runs', wholeNumber, 3_000)
    .option('--output <file>', 'where the smaller scenario goes')
    .option('--progress', 'progress on stderr although it is no terminal')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(run);
}

async function run(word: string, flags: ShrinkFlags): Promise<void> {
  const plan = await planFrom(word, flags);
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? terminal.width;
  const paint = createPaint(terminal.color);
  if (!flags.json) printLines(planLines(plan, width, paint));
  const invariant = flags.invariant ?? (await brokenBy(plan))[0];
  const progress = new Progress(flags.progress === true);
  const shrunk: Shrunk | undefined =
    invariant === undefined
      ? undefined
      : await shrink({
          plan,
          invariant,
          maximumRuns: flags.runs,
          onProgress: (runs, { scenario }) =>
            progress.show(() => `${runs} runs, ${scenario.faults.length} faults left`),
        });
  progress.clear();
  if (shrunk?.isBroken !== true || invariant === undefined) {
    const what = flags.invariant === undefined ? 'no invariant breaks' : `${flags.invariant} does not break`;
    const detail = `${what} in this run, so that there is nothing to be made smaller`;
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const path = flags.output ?? join(traceDirectory, `${plan.scenario.name}-${plan.seed}-${invariant}.yaml`);
  writeScenario(path, shrunk.plan.scenario);
  const again = reproduceLine(path, shrunk.plan);
  const { runs, isMinimal } = shrunk;
  if (flags.json) {
    printJson({ ...planJson(shrunk.plan), invariant, runs, isMinimal, scenarioFile: path, reproduce: again });
  } else {
    const end = isMinimal ? 'nothing more can be left out' : 'the limit on runs ended it';
    printLines([factLine('shrunk', `${invariant} still breaks; ${runs} runs, ${end}`, width, paint), '']);
    printLines(
      scenarioText(shrunk.plan.scenario)
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    );
    printLines(['', factLine('written to', path, Number.POSITIVE_INFINITY, paint)]);
    printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
  }
  process.exitCode = isMinimal ? exitCode.held : exitCode.inconclusive;
}

async function planFrom(word: string, flags: ShrinkFlags): Promise<RunPlan> {
  if (isTrace(word)) return planOfTrace(readTraceFile(word).header);
  const { scenario } = findScenario(word);
  if (flags.seed === undefined) {
    throw deputyError('DEPUTY_E_USAGE', { detail: `${escapeText(word, 256)} is a scenario: which --seed?` });
  }
  const plan = planOf(scenario, flags, flags.seed);
  if (flags.randomFaults !== true) return plan;
  const profile = await profileOf(scenario, plan.setup);
  return { ...plan, faults: [...plan.faults, ...randomFaults(profile, plan.seed)] };
}

/** A trace begins with its header, whatever its name is. */
function isTrace(path: string): boolean {
  if (path === '-') return true;
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(16_384);
    return start.toString('latin1', 0, readSync(file, start)).includes('"deputy-trace"');
  } finally {
    closeSync(file);
  }
}
