import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { type FaultyActor, faultyActors } from '../../faults/fault-schema.js';
import type { RunPlan } from '../../runner/run-plan.js';
import {
  type CrashPlan,
  sampleRequests,
  secondCrashes,
  singleCrashes,
  spread,
} from '../../search/crash-plans.js';
import { createPaint } from '../../show/text/palette.js';
import { exitCode } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { buildIdentity } from '../library/build-identity.js';
import { chooseScenarios, type NamedScenario } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { jobCount, oneOf, wholeNumber } from '../parse-number.js';
import { factLine } from '../plan-lines.js';
import { addPlanOptions, type PlanFlags, planOf, seedNumber } from '../plan-options.js';
import { Progress } from '../progress.js';
import { reportFailures } from '../report-failures.js';
import { planWords, shellWord } from '../reproduce.js';
import { failureLines, speedOf, tallyLines } from '../tally-lines.js';
import { terminalOf } from '../terminal.js';
import type { Batch } from '../workers/messages.js';
import { type PoolResult, runPool } from '../workers/pool.js';
import { traceDirectory } from './run.js';
import { progressText } from './search.js';

interface EnumerateFlags extends PlanFlags {
  readonly seed: string;
  readonly pairs?: boolean;
  readonly requests: number;
  readonly actor?: FaultyActor;
  readonly cap: number;
  readonly jobs: number;
  readonly traces: string;
  readonly shrinkRuns: number;
  readonly progress?: boolean;
  readonly json?: boolean;
  readonly width?: number;
}

/** One scenario's runs: how many there are, and those that are made. */
interface Enumeration {
  readonly word: string;
  readonly points: number;
  readonly requests: number;
  readonly possible: number;
  readonly plans: readonly CrashPlan[];
}

const plansPerBatch = 20;

/** Adds `deputy-sim enumerate` to the program. */
export function addEnumerateCommand(program: Command): void {
  const command = program
    .command('enumerate')
    .description('run scenarios with a crash at every point: before it, inside it, after it')
    .argument('<scenario...>', "files or names; 'all' for all that ship and have to survive it")
    .option('--seed <n>', 'of all runs', seedNumber, '1');
  addPlanOptions(command)
    .option('--pairs', 'two crashes: all pairs within one request and its recovery, for some requests')
    .option(
      '--requests <n>',
      'with --pairs: so many requests of a scenario, of as many kinds as there are',
      wholeNumber,
      2,
    )
    .option('--actor <kind>', 'not whoever is at the point dies, but this one', oneOf(faultyActors))
    .option('--cap <n>', 'at most so many runs of a scenario, evenly spread', wholeNumber, 20_000)
    .option('--jobs <n>', 'so many processes', jobCount, availableParallelism())
    .option('--shrink-runs <n>', 'so many runs to make a failure smaller', wholeNumber, 1_500)
    .option('--traces <directory>', 'where traces of failures and shrunk scenarios go', traceDirectory)
    .option('--progress', 'progress on stderr although it is no terminal')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(enumerate);
}

async function enumerate(words: readonly string[], flags: EnumerateFlags): Promise<void> {
  const named = chooseScenarios(words);
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? terminal.width;
  const paint = createPaint(terminal.color);
  if (!flags.json) {
    printLines([
      factLine('build', buildIdentity(), width, paint),
      factLine('seed', flags.seed, width, paint),
    ]);
  }
  const beganMs = performance.now();
  const interruption = new Interruption();
  const progress = new Progress(flags.progress === true);
  const enumerations: Enumeration[] = [];
  for (const one of named) {
    progress.show(() => `looking at the points of ${one.word}`);
    enumerations.push(await listRuns(one, flags));
  }
  const result = await runAll(named, enumerations, flags, interruption, progress);
  const elapsedMs = performance.now() - beganMs;
  const reported = await reportFailures(result.tally.failures, {
    scenarios: named,
    setup: flags.setup ?? {},
    directory: flags.traces,
    // Whoever ends it wants to see what there is, now.
    maximumShrinkRuns: interruption.bySignal ? 1 : flags.shrinkRuns,
    onProgress: (text) => progress.show(() => text),
  });
  interruption.end();
  progress.clear();
  const again = againLine(words, flags);
  const isCapped =
    interruption.bySignal || enumerations.some(({ possible, plans }) => plans.length < possible);
  if (flags.json) {
    const { failures: _, ...tally } = result.tally;
    const counts = enumerations.map(({ plans, ...rest }) => ({ ...rest, planned: plans.length }));
    const speed = speedOf(result, elapsedMs);
    const told = { build: buildIdentity(), seed: flags.seed, scenarios: counts, capped: isCapped };
    printJson({
      ...told,
      elapsedMs: Math.round(elapsedMs),
      ...speed,
      ...tally,
      found: reported,
      reproduce: again,
    });
  } else {
    printLines(enumerationLines(enumerations));
    printLines(tallyLines(result, elapsedMs, width, paint));
    printLines(failureLines(reported, width, paint));
    if (isCapped)
      printLines([paint('warn', 'not all runs were made: the cap, or an interruption, ended it')]);
    printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
  }
  process.exitCode = exitCodeOf(result, isCapped);
}

async function listRuns({ scenario, word }: NamedScenario, flags: EnumerateFlags): Promise<Enumeration> {
  const plan = planOf(scenario, flags, flags.seed);
  if (flags.pairs) return listPairs(word, plan, flags);
  const all = await singleCrashes(plan, flags.actor);
  return { word, points: all.length / 3, requests: 0, possible: all.length, plans: spread(all, flags.cap) };
}

/** For each first crash all second ones; where they are too many, evenly spread over all. */
async function listPairs(
  word: string,
  plan: RunPlan,
  { requests, cap }: EnumerateFlags,
): Promise<Enumeration> {
  const sampled = await sampleRequests(plan, requests);
  const all: CrashPlan[] = [];
  for (const request of sampled) {
    for (const first of request.points) all.push(...(await secondCrashes(plan, request, first)));
  }
  const points = sampled.reduce((sum, request) => sum + request.points.length / 3, 0);
  return { word, points, requests: sampled.length, possible: all.length, plans: spread(all, cap) };
}

async function runAll(
  named: readonly NamedScenario[],
  enumerations: readonly Enumeration[],
  { jobs, seed, setup = {} }: EnumerateFlags,
  { signal }: Interruption,
  progress: Progress,
): Promise<PoolResult> {
  const beganMs = performance.now();
  const total = enumerations.reduce((sum, { plans }) => sum + plans.length, 0);
  const batches = enumerations.flatMap(({ plans }, scenario): Batch[] =>
    Array.from({ length: Math.ceil(plans.length / plansPerBatch) }, (_, at) => ({
      scenario,
      setup,
      work: { kind: 'plans', seed, plans: plans.slice(at * plansPerBatch, (at + 1) * plansPerBatch) },
    })),
  );
  return runPool({
    jobs,
    scenarios: named.map(({ scenario }) => scenario),
    next: () => batches.shift(),
    onDone: (done) => progress.show(() => `${progressText(done, performance.now() - beganMs)} of ${total}`),
    signal,
  });
}

function enumerationLines(enumerations: readonly Enumeration[]): string[] {
  const longest = Math.max(...enumerations.map(({ word }) => word.length));
  return enumerations.map(({ word, points, requests, possible, plans }) => {
    const where = requests > 0 ? `${points} points of ${requests} requests` : `${points} points`;
    return `  ${word.padEnd(longest)}  ${where}, ${plans.length} of ${possible} runs`;
  });
}

function againLine(
  words: readonly string[],
  { seed, pairs, requests, actor, cap, ...rest }: EnumerateFlags,
): string {
  return [
    'deputy-sim enumerate',
    ...words.map(shellWord),
    `--seed ${seed}`,
    ...(pairs ? [`--pairs --requests ${requests}`] : []),
    ...(actor === undefined ? [] : [`--actor ${actor}`]),
    `--cap ${cap}`,
    ...planWords({ setup: rest.setup ?? {}, faults: rest.fault ?? [] }),
  ].join(' ');
}

function exitCodeOf({ tally }: PoolResult, isCapped: boolean): number {
  if (tally.broken > 0) return exitCode.broken;
  return isCapped || tally.inconclusive > 0 ? exitCode.inconclusive : exitCode.held;
}
