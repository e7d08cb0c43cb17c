#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { version } from '../adapters/host/build.js';
import { addDiffCommand } from './cli/commands/diff.js';
import { addShowCommand } from './cli/commands/show.js';
import { exitCode, exitCodeHelp } from './cli/exit-codes.js';
import { exitCodeOf, printError } from './cli/output.js';

/** Builds the command line: a file in cli/commands/ for each command. */
function createProgram(): Command {
  const program = new Command('deputy-sim')
    .description('replays failures of deputy without a kernel: every crash, on every strategy, from a seed')
    .version(version)
    .showHelpAfterError('(run with --help for what there is)')
    .addHelpText('after', exitCodeHelp);
  addShowCommand(program);
  addDiffCommand(program);
  for (const command of program.commands) command.addHelpText('after', exitCodeHelp);
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

async function main(): Promise<void> {
  // A reader that goes away (head, say) ends the output; that is no failure.
  process.stdout.on('error', () => process.exit());
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCode.held : exitCode.usage;
      return;
    }
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}

await main();
