import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunPlan } from '../../runner/run-plan.js';
import { profileOf } from '../../search/profile.js';
import { randomFaults } from '../../search/random-faults.js';
import { renderDiff } from '../../show/diff/diff-text.js';
import { diffTraces } from '../../show/diff/diff-traces.js';
import { createPaint } from '../../show/text/palette.js';
import { exitCode } from '../exit-codes.js';
import { buildIdentity } from '../library/build-identity.js';
import { findScenarios } from '../library/scenario-library.js';
import { printJson, printLines } from '../output.js';
import { wholeNumber } from '../parse-number.js';
import { factLine } from '../plan-lines.js';
import { addPlanOptions, type PlanFlags, planOf, seedNumber } from '../plan-options.js';
import { Progress } from '../progress.js';
import { readTraceFile } from '../read-trace-file.js';
import { reproduceLine, shellWord } from '../reproduce.js';
import { terminalOf } from '../terminal.js';
import { hashInProcess, unlike } from '../workers/unlike-processes.js';
import { traceDirectory } from './run.js';

interface VerifyFlags extends PlanFlags {
  readonly seed: string;
  readonly runs: number;
  readonly traces: string;
  readonly progress?: boolean;
  readonly json?: boolean;
  readonly width?: number;
}

/** Runs of one scenario whose hashes were compared. */
interface Verified {
  readonly word: string;
  readonly plans: readonly RunPlan[];
  readonly hashes: readonly [readonly string[], readonly string[]];
  /** The traces of the first run that parted. */
  readonly parted?: { readonly plan: RunPlan; readonly files: readonly [string, string] };
}

/** Adds `deputy-sim verify` to the program. */
export function addVerifyCommand(program: Command): void {
  const command = program
    .command('verify')
    .description('run each scenario in two fresh processes that have nothing in common: the same hash')
    .argument('[scenario...]', 'files or names; all that ship, if none is given')
    .option('--seed <n>', 'the first seed', seedNumber, '1');
  addPlanOptions(command)
    .option('--runs <n>', 'so many seeds of each, all but the first with random faults', wholeNumber, 3)
    .option('--traces <directory>', 'where both traces go when they part', traceDirectory)
    .option('--progress', 'progress on stderr although it is no terminal')
    .option('--json', 'print JSON')
    .option('--width <columns>', "as wide as this; the terminal's width if not given", wholeNumber)
    .action(verify);
}

async function verify(words: readonly string[], flags: VerifyFlags): Promise<void> {
  const terminal = terminalOf(process.stdout, process.env);
  const width = flags.width ?? Math.min(terminal.width, 160);
  const paint = createPaint(terminal.color);
  if (!flags.json) {
    const seeds = `${flags.runs} from ${flags.seed} on`;
    printLines([factLine('build', buildIdentity(), width, paint), factLine('seeds', seeds, width, paint)]);
  }
  const progress = new Progress(flags.progress === true);
  const all: Verified[] = [];
  for (const { scenario, word } of findScenarios(words)) {
    progress.show(() => `verifying ${word}`);
    const plans = await plansOf(planOf(scenario, flags, flags.seed), flags.runs);
    const verified = await verifyOne(word, plans, flags.traces);
    progress.clear();
    all.push(verified);
    if (!flags.json) printLines(linesOf(verified, { ...terminal, width }));
  }
  const again = [
    'deputy-sim verify',
    ...words.map(shellWord),
    `--seed ${flags.seed} --runs ${flags.runs}`,
  ].join(' ');
  if (flags.json) {
    const scenarios = all.map(({ word, hashes, parted }) => ({
      scenario: word,
      same: parted === undefined,
      hashes,
      ...(parted === undefined ? {} : { seed: parted.plan.seed, traces: parted.files }),
    }));
    printJson({ build: buildIdentity(), scenarios, reproduce: again });
  } else printLines([factLine('again', again, Number.POSITIVE_INFINITY, paint)]);
  if (all.some(({ parted }) => parted !== undefined)) process.exitCode = exitCode.nondeterminism;
}

/** The scenario as it is, and with what further seeds add. */
async function plansOf(plan: RunPlan, runs: number): Promise<RunPlan[]> {
  const profile = await profileOf(plan.scenario, plan.setup);
  const first = BigInt(plan.seed);
  return Array.from({ length: Math.max(1, runs) }, (_, at) => {
    const seed = String(BigInt.asUintN(64, first + BigInt(at)));
    return {
      ...plan,
      seed,
      faults: at === 0 ? plan.faults : [...plan.faults, ...randomFaults(profile, seed)],
    };
  });
}

/** The second process runs them in the other order, so that what one run leaves behind shows in the next. */
async function verifyOne(word: string, plans: readonly RunPlan[], directory: string): Promise<Verified> {
  const build = buildIdentity();
  const [a, b] = unlike;
  const [forwards, backwards] = await Promise.all([
    hashInProcess(a, { plans, build }),
    hashInProcess(b, { plans: plans.toReversed(), build }),
  ]);
  const hashes = [forwards, backwards.toReversed()] as const;
  const at = plans.findIndex((_, index) => hashes[0][index] !== hashes[1][index]);
  const plan = plans[at];
  if (plan === undefined) return { word, plans, hashes };
  mkdirSync(directory, { recursive: true });
  const fileOf = (index: number, side: string): string =>
    resolve(join(directory, `${plans[index]?.scenario.name}-${plans[index]?.seed}-${side}.jsonl`));
  const filesA = plans.map((_, index) => fileOf(index, 'a'));
  const filesB = plans.map((_, index) => fileOf(index, 'b'));
  await hashInProcess(a, { plans, build, files: filesA });
  await hashInProcess(b, { plans: plans.toReversed(), build, files: filesB.toReversed() });
  return { word, plans, hashes, parted: { plan, files: [filesA[at] as string, filesB[at] as string] } };
}

function linesOf(
  { word, plans, hashes, parted }: Verified,
  look: { readonly width: number; readonly color: boolean; readonly unicode: boolean },
): string[] {
  const paint = createPaint(look.color);
  if (parted === undefined) {
    return [factLine('same', `${word}: ${plans.length} runs, ${hashes[0].join(' ')}`, look.width, paint)];
  }
  const [a, b] = parted.files;
  return [
    paint('alarm', `${word}, seed ${parted.plan.seed}: the same run went two ways`),
    ...renderDiff(diffTraces(readTraceFile(a), readTraceFile(b), 5), look),
    factLine('traces', `${a} ${b}`, Number.POSITIVE_INFINITY, paint),
    factLine('again', reproduceLine(word, parted.plan), Number.POSITIVE_INFINITY, paint),
  ];
}
