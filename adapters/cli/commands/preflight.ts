import { type Command, Option } from 'commander';
import { podSecurityLevels } from '../../../core/pod-security/policy.js';
import { rank } from '../../../core/preflight/rank.js';
import { preflightReport } from '../../../core/preflight/report.js';
import { exitCode, printJson } from '../output.js';
import { preflightBasis } from '../preflight-facts.js';
import { printRanking } from '../preflight-report.js';

interface PreflightFlags {
  readonly target?: string;
  readonly pod?: string;
  readonly level: string;
  readonly levelVersion: string;
  readonly policy?: string;
  readonly container?: string;
  readonly metadata?: string;
  readonly runtimeRoot: readonly string[];
  readonly json?: boolean;
}

/** Adds `deputy preflight` to the program. */
export function addPreflightCommand(program: Command): void {
  program
    .command('preflight')
    .description('which strategy serves a target here, and why not the others: 0 one does, 1 none')
    .option('--target <target>', "a container's id, or the number of its first process")
    .option('--pod <file>', 'a manifest, YAML or JSON, whose pods are to be let in; - for stdin')
    .addOption(
      new Option('--level <level>', "Pod Security level of the pods' namespace")
        .choices(podSecurityLevels)
        .default('privileged'),
    )
    .option('--level-version <version>', "the standards' version: v1.0 and on, or latest", 'latest')
    .option('--policy <file>', 'what the target may have done for it; without it the defaults hold')
    .option('--container <id>', "the container's id that the policy is looked up for")
    .option('--metadata <text>', 'the listener metadata that the policy is looked up for')
    .option('--runtime-root <directory>', "a runtime's state; may be repeated", collect, [])
    .option('--json', 'print JSON')
    .action((flags: PreflightFlags) => preflight(flags));
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

async function preflight(flags: PreflightFlags): Promise<void> {
  const { level, levelVersion: version, runtimeRoot, ...question } = flags;
  const roots = runtimeRoot.length === 0 ? {} : { runtimeRoots: runtimeRoot };
  const { facts, policy, skipped, notes } = await preflightBasis({ level, version, ...question, ...roots });
  const ranking = rank(facts, policy, { level, version });
  process.exitCode = ranking.chosen === null ? exitCode.failed : exitCode.ok;
  if (flags.json) {
    const asked = { level, levelVersion: version };
    return printJson(preflightReport(ranking, facts, policy, { ...asked, skipped, notes }));
  }
  const passedOver = skipped.map(({ kind, name }) => `passed over, no pod in it: ${kind}/${name}`);
  printRanking(ranking, `${level}:${version}`, [...notes, ...passedOver]);
}
