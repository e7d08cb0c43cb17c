import type { Command } from 'commander';
import { escapeText } from '../../../core/events/escape-text.js';
import { judgeManifest } from '../../../core/pod-security/manifest.js';
import { podSecurityLevels } from '../../../core/pod-security/policy.js';
import { readManifest } from '../../kubernetes/index.js';
import { exitCode, print, printJson } from '../output.js';

interface PodSecurityFlags {
  readonly level: string;
  readonly version: string;
  readonly json?: boolean;
}

// A line for a pod of a hundred containers still fits; names in it are whatever a file says.
const maximumLineLength = 64 * 1024;

/** Adds `deputy pod-security` to the program. */
export function addPodSecurityCommand(program: Command): void {
  program
    .command('pod-security <file>')
    .description(
      'would Pod Security admission let these pods in? 0 yes, 1 no, 2 the manifest is not right; - for stdin',
    )
    .requiredOption('--level <level>', podSecurityLevels.join(', '))
    .option('--version <version>', "the standards' version: v1.0 and on, or latest", 'latest')
    .option('--json', 'print JSON')
    .action((file: string, flags: PodSecurityFlags) => judge(file, flags));
}

async function judge(file: string, flags: PodSecurityFlags): Promise<void> {
  const { level, version } = flags;
  const source = file === '-' ? '(standard input)' : file;
  const judged = judgeManifest(await readManifest(file), { level, version, source });
  process.exitCode = judged.allowed ? exitCode.ok : exitCode.failed;
  if (flags.json) return printJson(judged);
  for (const { kind, name, message } of judged.objects) {
    print(escapeText(`${kind}/${name} ${message}`, maximumLineLength));
  }
  for (const { kind, name } of judged.skipped) {
    process.stderr.write(`skipped ${kind}/${name}: Pod Security admission looks for no pod in it\n`);
  }
}
