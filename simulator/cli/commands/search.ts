import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { createPaint } from '../../show/text/palette.js';
import { duration } from '../duration.js';
import { exitCode } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { buildIdentity } from '../library/build-identity.js';
import { chooseScenarios, type NamedScenario } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { jobCount, wholeNumber } from '../parse-number.js';
import { factLine } from '../plan-lines.js';
import { addPlanOptions, type PlanFlags, planOf, randomSeed, seedNumber } from '../plan-options.js';
import { Progress } from '../progress.js';
import { reportFailures } from '../report-failures.js';
import { planWords, shellWord } from '../reproduce.js';
import { failureLines, speedOf, tallyLines } from '../tally-lines.js';
import { terminalOf } from '../terminal.js';
import type { Batch } from '../workers/messages.js';
import { type PoolResult, runPool } from '../workers/pool.js';
import { traceDirectory } from './run.js';

interface SearchFlags extends PlanFlags {
  readonly jobs: number;
  readonly budget: number;
  readonly runs?: number;
  readonly fromSeed?: string;
  readonly traces: string;
  readonly shrinkRuns: number;
  readonly progress?: boolean;
  readonly json?: boolean;
  readonly width?: number;
}

const seedsPerBatch = 10;

/** Adds `deputy-sim search` to the program. */
export function addSearchCommand(program: Command): void {
  const command = program
    .command('search')
    .description('run many seeds of many scenarios, each with faults that its seed adds')
    .argument('[scenario...]', "files or names; 'all', or none: all that ship and have to survive it");
  addPlanOptions(command)
    .option('--jobs <n>', 'so many processes', jobCount, availableParallelism())
    .option('--budget <time>', 'at most so long: 60s, 10m', duration, 60_000)
    .option('--runs <n>', 'at most so many runs', wholeNumber)
    .option('--from-seed <n>', 'the first seed; random when it is not given', seedNumber)
    .option('--shrink-runs <n>', 'so many runs to make a failure smaller', wholeNumber, 1_500)
    .option('--traces <directory>', 'where traces of failures and shrunk scenarios go', traceDirectory)
    .option('--progress', 'progress on stderr although it is no terminal')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(search);
}

async function search(words: readonly string[], flags: SearchFlags): Promise<void> {
  const scenarios = chooseScenarios(words.length > 0 ? words : ['all']);
  const seed = flags.fromSeed ?? randomSeed();
  for (const { scenario } of scenarios) planOf(scenario, flags, seed);
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? terminal.width;
  const paint = createPaint(terminal.color);
  const names = scenarios.map(({ word }) => word);
  if (!flags.json) {
    const facts = [
      ['build', buildIdentity()],
      ['from seed', seed],
      ['scenarios', names.join(' ')],
    ] as const;
    printLines(facts.map(([label, text]) => factLine(label, text, width, paint)));
  }
  const beganMs = performance.now();
  const interruption = new Interruption(flags.budget);
  const progress = new Progress(flags.progress === true);
  const result = await runAll(scenarios, flags, BigInt(seed), interruption, progress);
  const elapsedMs = performance.now() - beganMs;
  const reported = await reportFailures(result.tally.failures, {
    scenarios,
    setup: flags.setup ?? {},
    directory: flags.traces,
    // Whoever ends it wants to see what there is, now.
    maximumShrinkRuns: interruption.bySignal ? 1 : flags.shrinkRuns,
    onProgress: (text) => progress.show(() => text),
  });
  interruption.end();
  progress.clear();
  const extra = planWords({ setup: flags.setup ?? {}, faults: flags.fault ?? [] });
  const again = [
    'deputy-sim search',
    ...words.map(shellWord),
    `--from-seed ${seed} --runs ${result.tally.runs}`,
    ...extra,
  ].join(' ');
  const speed = speedOf(result, elapsedMs);
  if (flags.json) {
    const { failures: _, ...tally } = result.tally;
    const { bySignal } = interruption;
    const told = { build: buildIdentity(), fromSeed: seed, scenarios: names, interrupted: bySignal };
    printJson({
      ...told,
      elapsedMs: Math.round(elapsedMs),
      ...speed,
      ...tally,
      found: reported,
      reproduce: again,
    });
  } else {
    printLines(tallyLines(result, elapsedMs, width, paint));
    printLines(failureLines(reported, width, paint));
    if (interruption.bySignal) printLines(['interrupted: this is what was seen so far']);
    printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
  }
  process.exitCode = exitCodeOf(result, interruption);
}

/** One seed after the other, each with the next scenario: the same seeds whoever runs them. */
async function runAll(
  scenarios: readonly NamedScenario[],
  { jobs, runs = Number.MAX_SAFE_INTEGER, setup = {}, fault = [] }: SearchFlags,
  firstSeed: bigint,
  { signal }: Interruption,
  progress: Progress,
): Promise<PoolResult> {
  const beganMs = performance.now();
  let begun = 0;
  const next = (): Batch | undefined => {
    const count = Math.min(seedsPerBatch, runs - begun);
    if (count <= 0) return undefined;
    const first = firstSeed + BigInt(begun);
    const scenario = Math.floor(begun / seedsPerBatch) % scenarios.length;
    begun += count;
    const seeds = Array.from({ length: count }, (_, at) => String(BigInt.asUintN(64, first + BigInt(at))));
    return { scenario, setup, work: { kind: 'seeds', seeds, faults: fault } };
  };
  const onDone = (total: PoolResult): void =>
    progress.show(() => progressText(total, performance.now() - beganMs));
  const all = scenarios.map(({ scenario }) => scenario);
  return runPool({ jobs, scenarios: all, next, onDone, signal });
}

export function progressText(total: PoolResult, elapsedMs: number): string {
  const { runs, broken } = total.tally;
  const { stepsPerCpuSecond } = speedOf(total, elapsedMs);
  const seconds = Math.round(elapsedMs / 1_000);
  return `${seconds} s, ${runs} runs, ${stepsPerCpuSecond} steps a second and core, ${broken} broken`;
}

function exitCodeOf({ tally }: PoolResult, { bySignal }: Interruption): number {
  if (tally.broken > 0) return exitCode.broken;
  return bySignal || tally.inconclusive > 0 || tally.runs === 0 ? exitCode.inconclusive : exitCode.held;
}
