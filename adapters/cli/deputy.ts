#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { version } from '../host/build.js';
import { logLevels } from '../logging/index.js';
import { addAgentCommand } from './commands/agent.js';
import { addBrokerCommand } from './commands/broker.js';
import { addDispatchCommand } from './commands/dispatch.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEventsCommand } from './commands/events.js';
import { addJournalCommand } from './commands/journal.js';
import { addKeysCommand } from './commands/keys.js';
import { addNotifierCommand } from './commands/notifier.js';
import { addPlaceholderCommand } from './commands/placeholder.js';
import { addPodSecurityCommand, podSecurityCommandName } from './commands/pod-security.js';
import { addPolicyCommand } from './commands/policy.js';
import { addPreflightCommand } from './commands/preflight.js';
import { addProfileCommand } from './commands/profile.js';
import { addRunCommand } from './commands/run.js';
import { addSidecarCommand } from './commands/sidecar.js';
import { addStatusCommand } from './commands/status.js';
import { exitCode, exitCodeOf, printError } from './output.js';

/** Builds the command line; separate from running it, so that tests can look at it. */
export function createProgram(commandLine: readonly string[] = process.argv.slice(2)): Command {
  const program = new Command('deputy')
    .description('lets an unprivileged container use a privilege without holding it, and loses no request')
    .addOption(
      new Option('--log-level <level>', 'how much goes to stderr').choices(logLevels).default('info'),
    )
    .showHelpAfterError('(run with --help for what there is)');
  // A version of the program's is found anywhere on the line; there it is the standards' that is meant.
  if (!commandLine.includes(podSecurityCommandName)) program.version(version);
  addAgentCommand(program);
  addRunCommand(program);
  addDispatchCommand(program);
  addPlaceholderCommand(program);
  addBrokerCommand(program);
  addNotifierCommand(program);
  addSidecarCommand(program);
  addDoctorCommand(program);
  addPreflightCommand(program);
  addProfileCommand(program);
  addStatusCommand(program);
  addEventsCommand(program);
  addJournalCommand(program);
  addKeysCommand(program);
  addPolicyCommand(program);
  addPodSecurityCommand(program);
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCode.ok : exitCode.usage;
      return;
    }
    printError(error);
    process.exitCode = exitCodeOf(error);
  }
}

await main();
