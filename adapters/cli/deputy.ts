#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { version } from '../host/build.js';
import { logLevels } from '../logging/index.js';
import { exitCode, exitCodeOf, printError } from './output.js';

type Add = (program: Command) => void;

/** In the order of the help. Each loads its own parts: a target waits for a sidecar that starts again. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  agent: async () => (await import('./commands/agent.js')).addAgentCommand,
  run: async () => (await import('./commands/run.js')).addRunCommand,
  dispatch: async () => (await import('./commands/dispatch.js')).addDispatchCommand,
  placeholder: async () => (await import('./commands/placeholder.js')).addPlaceholderCommand,
  broker: async () => (await import('./commands/broker.js')).addBrokerCommand,
  notifier: async () => (await import('./commands/notifier.js')).addNotifierCommand,
  sidecar: async () => (await import('./commands/sidecar.js')).addSidecarCommand,
  doctor: async () => (await import('./commands/doctor.js')).addDoctorCommand,
  preflight: async () => (await import('./commands/preflight.js')).addPreflightCommand,
  profile: async () => (await import('./commands/profile.js')).addProfileCommand,
  status: async () => (await import('./commands/status.js')).addStatusCommand,
  events: async () => (await import('./commands/events.js')).addEventsCommand,
  journal: async () => (await import('./commands/journal.js')).addJournalCommand,
  keys: async () => (await import('./commands/keys.js')).addKeysCommand,
  policy: async () => (await import('./commands/policy.js')).addPolicyCommand,
  'pod-security': async () => (await import('./commands/pod-security.js')).addPodSecurityCommand,
};

/** The commands that a line can mean: the one that it begins with, or all of them, to be listed. */
function meantBy([first = '', , third = '']: readonly string[]): string[] {
  const word = first === '--log-level' ? third : first;
  return Object.hasOwn(commands, word) ? [word] : Object.keys(commands);
}

async function createProgram(commandLine: readonly string[]): Promise<Command> {
  const program = new Command('deputy')
    .description('lets an unprivileged container use a privilege without holding it, and loses no request')
    .addOption(
      new Option('--log-level <level>', 'how much goes to stderr').choices(logLevels).default('info'),
    )
    .showHelpAfterError('(run with --help for what there is)');
  // A version of the program's is found anywhere on the line; there it is the standards' that is meant.
  if (!commandLine.includes('pod-security')) program.version(version);
  for (const name of meantBy(commandLine)) (await commands[name]?.())?.(program);
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

async function main(): Promise<void> {
  try {
    await (await createProgram(process.argv.slice(2))).parseAsync();
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
