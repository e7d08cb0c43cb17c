import { join } from 'node:path';
import type { Command } from 'commander';
import type { RunPlan } from '../../runner/run-plan.js';
import { type RunResult, runScenario } from '../../runner/run-scenario.js';
import { judge, type Verdict } from '../../search/judge.js';
import { profileOf } from '../../search/profile.js';
import { randomFaults } from '../../search/random-faults.js';
import { timeText } from '../../show/facts.js';
import { createPaint, type Paint } from '../../show/text/palette.js';
import { violationLines } from '../../show/text/violations.js';
import { exitCode } from '../exit-codes.js';
import { findScenario } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { factLine, planJson, planLines } from '../plan-lines.js';
import { addPlanOptions, addSeedOption, type PlanFlags, planOf, randomSeed } from '../plan-options.js';
import { reproduceLine } from '../reproduce.js';
import { terminalOf } from '../terminal.js';
import { writeTrace } from '../write-trace.js';

interface RunFlags extends PlanFlags {
  readonly trace?: string;
  readonly traces: string;
  readonly randomFaults?: boolean;
  readonly json?: boolean;
  readonly width?: number;
}

/** Where traces of failures go. */
export const traceDirectory = 'deputy-sim-traces';

/** Adds `deputy-sim run` to the program. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('run one scenario once, and judge it')
    .argument('<scenario>', 'a scenario file (YAML or JSON), or the name of one that ships');
  addPlanOptions(addSeedOption(command))
    .option('--random-faults', 'add the faults that search adds with this seed')
    .option('--trace <file>', 'write a trace there, also when all holds')
    .option('--traces <directory>', 'where the trace of a failure goes', traceDirectory)
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(run);
}

async function run(word: string, flags: RunFlags): Promise<void> {
  const { scenario } = findScenario(word);
  const plan = await withRandomFaults(planOf(scenario, flags, flags.seed ?? randomSeed()), flags);
  const again = reproduceLine(word, plan);
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? terminal.width;
  const paint = createPaint(terminal.color);
  if (!flags.json) printLines(planLines(plan, width, paint));
  const { result, trace, isSame } = await play(plan, flags, again);
  const verdict = judge(scenario, result, Object.keys(plan.setup).length === 0);
  if (flags.json) {
    const { coverage: _, ...told } = result;
    printJson({ ...planJson(plan), ...told, unexpected: verdict.unexpected.length, trace, reproduce: again });
  } else {
    printLines(resultLines(result, verdict, width, paint));
    if (trace !== undefined) printLines([factLine('trace', trace, width, paint)]);
    if (!isSame) printLines([paint('alarm', 'the same run went another way when its trace was written')]);
    // Whole, however wide it is: it is there to be copied.
    printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
  }
  process.exitCode = isSame ? exitCodeOfRun(result) : exitCode.nondeterminism;
}

async function withRandomFaults(plan: RunPlan, flags: RunFlags): Promise<RunPlan> {
  if (flags.randomFaults !== true) return plan;
  const profile = await profileOf(plan.scenario, plan.setup);
  return { ...plan, faults: [...plan.faults, ...randomFaults(profile, plan.seed)] };
}

/** A trace costs more than the run, so it is written at a second run, if at all. */
async function play(
  plan: RunPlan,
  flags: RunFlags,
  again: string,
): Promise<{ result: RunResult; trace: string | undefined; isSame: boolean }> {
  const first = flags.trace === undefined ? await runScenario(plan.scenario, plan) : undefined;
  if (first?.outcome === 'held') return { result: first, trace: undefined, isSame: true };
  const trace = flags.trace ?? join(flags.traces, `${plan.scenario.name}-${plan.seed}.jsonl`);
  const { result } = await writeTrace(trace, plan, again);
  return { result, trace, isSame: first === undefined || first.stateHash === result.stateHash };
}

function resultLines(result: RunResult, verdict: Verdict, width: number, paint: Paint): string[] {
  const { outcome, steps, points, timeUs, stateHash, violations } = result;
  const size = `${steps} steps, ${points} points, ${timeText(timeUs)} of virtual time, end state ${stateHash}`;
  const isMeant = violations.length > 0 && verdict.unexpected.length === 0;
  const told = isMeant ? 'broken, as this scenario expects' : outcome;
  const style = outcome === 'held' ? 'good' : isMeant ? 'warn' : 'bad';
  const missing = verdict.missing.map((invariant) =>
    paint('warn', `${invariant} was expected to break, and held`),
  );
  return [
    factLine('result', `${told}: ${size}`, width, (_, text) => paint(style, text)),
    ...violationLines(
      violations.map((one) => ({ ...one, detail: { ...one.detail }, again: [] })),
      paint,
      width,
    ),
    ...missing,
  ];
}

export function exitCodeOfRun({ outcome }: Pick<RunResult, 'outcome'>): number {
  return outcome === 'held' ? exitCode.held : outcome === 'broken' ? exitCode.broken : exitCode.inconclusive;
}
