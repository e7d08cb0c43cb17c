import type { Command } from 'commander';
import { isDeputyError } from '../../../core/errors/deputy-error.js';
import { resolvePolicy } from '../../../core/policy/match.js';
import { policyJsonSchema } from '../../../core/policy/schema.js';
import { policyWarnings } from '../../../core/policy/warnings.js';
import { readPolicy } from '../../policy/index.js';
import { exitCode, print, printError, printJson } from '../output.js';

/** Adds `deputy policy check FILE` and `deputy policy schema`. */
export function addPolicyCommand(program: Command): void {
  const policy = program.command('policy').description('look at policy files');
  policy
    .command('check <file>')
    .description('is this policy file valid? 0 yes, 1 no, 2 it can not be read')
    .option('--json', 'print JSON')
    .option('--container <id>', 'also print what holds for this container')
    .option('--metadata <text>', "the container's listenerMetadata", '')
    .action((file: string, flags: { json?: boolean; container?: string; metadata: string }) =>
      checkPolicy(file, flags),
    );
  policy
    .command('schema')
    .description('print the JSON Schema of policy files')
    .action(() => printJson(policyJsonSchema()));
}

function checkPolicy(file: string, flags: { json?: boolean; container?: string; metadata: string }): void {
  try {
    const policy = readPolicy(file);
    const warnings = policyWarnings(policy);
    const effective =
      flags.container === undefined
        ? undefined
        : resolvePolicy(policy, { containerId: flags.container, metadata: flags.metadata });
    if (flags.json) {
      printJson({ valid: true, warnings, ...(effective ? { effective } : {}) });
      return;
    }
    print(`${file}: valid, ${policy.targets.length} target rules`);
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    if (effective) printJson(effective);
  } catch (error) {
    if (!isDeputyError(error, 'DEPUTY_E_POLICY_INVALID')) throw error;
    process.exitCode = exitCode.failed;
    if (!flags.json) return printError(error);
    printJson({ valid: false, ...error.toJSON(), problems: error.details['problems'] ?? [] });
  }
}
