import { type Command, Option } from 'commander';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import { commandSteps, runCommand } from '../../../strategies/dispatcher/index.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';
import { linuxPayloads } from '../../payload/index.js';
import { withCrashPoints } from '../../payload/test-hooks.js';
import { CommandWork } from '../dispatch/command-work.js';
import { dryRun, dryRunText } from '../dispatch/dry-run.js';
import {
  type DispatchFlags,
  parseCapabilities,
  parseCount,
  parsePair,
  parseReadiness,
  parseUser,
  payloadSpec,
  sessionOptions,
} from '../dispatch/payload-spec.js';
import { outliveSignals } from '../dispatch/stdio.js';
import { exitCode, print, printError, printJson } from '../output.js';
import { requireRoot } from './agent.js';

const defaultState = '/var/lib/deputy-dispatch';
/** A week. */
const restartWaitMsMax = 604_800_000;
const deadlineMsMax = 600_000;
const bufferBytesMax = 64 << 20;

/** Adds `deputy dispatch` to the program. */
export function addDispatchCommand(program: Command): void {
  const command = program
    .command('dispatch')
    .description("start a privileged program inside a container's namespaces and cgroup")
    .argument('<command>', 'the program; put -- in front of it')
    .argument('[arguments...]', 'its arguments')
    .requiredOption('--target <target>', "a container's id, or the number of its first process")
    .option('--placeholder-socket <path>', "socket of the container's placeholder, as the container sees it")
    .option(
      '--capabilities <list>',
      'all that it ever holds, such as DAC_READ_SEARCH',
      parseCapabilities,
      [2],
    )
    .option('--user <uid:gid>', 'run as this user and group', parseUser, { user: 0, group: 0 })
    .option('--groups <list>', 'supplementary groups', (text) => text.split(',').map(Number), [])
    .addOption(
      new Option('--from <side>', 'whose program: a static one of the host, or one of the target')
        .choices(['host', 'target'])
        .default('host'),
    )
    .option('--readiness <how>', 'socket:PATH, fd (it writes to descriptor 3) or none', parseReadiness, {
      kind: 'none',
    })
    .option('--state <directory>', 'what outlives this command', defaultState)
    .option('--name <name>', 'tells payloads of one container apart', 'payload')
    .option('--env <name=value>', 'its environment, which is empty else; may be repeated', parsePair, [])
    .option('--workdir <path>', 'its working directory, in the container', '/')
    .option('--deadline <ms>', 'to be executed, and again to be ready', parseCount(deadlineMsMax), 10_000)
    .option('--tty', 'give it a terminal')
    .addOption(
      new Option('--output <where>', "to this command's stdout and stderr, or to the container's own")
        .choices(['caller', 'container'])
        .default('caller'),
    )
    .option('--lossy', 'drop its eldest output rather than let it wait for a reader')
    .option('--buffer <bytes>', 'output kept while nobody reads', parseCount(bufferBytesMax), 1 << 20)
    .addOption(
      new Option('--filter <which>', 'system calls that it has no use for')
        .choices(['default', 'none'])
        .default('default'),
    )
    .option('--exec-label <label>', 'SELinux label of the execution')
    .option('--apparmor <profile>', 'AppArmor profile of the execution')
    .option('--runtime-root <directory>', "a runtime's state; may be repeated", collect, [])
    .option('--detach', 'end when it is ready; a later dispatch of the same attaches to it')
    .addOption(
      new Option(
        '--sigterm <how>',
        'goes to the payload, or ends this command and leaves the payload running',
      )
        .choices(['forward', 'leave'])
        .default('forward'),
    )
    .option('--dry-run', 'look at target and program, say what it would cost, and start nothing')
    .option('--json', 'with --dry-run: as JSON')
    .option('--node <name>', "the node's name in events; default is the host name")
    .addHelpText(
      'after',
      "\nExit code: the program's own, 128+n for signal n, 126, 127, or 125 when deputy failed.",
    )
    .action(async (name: string, words: readonly string[], flags: DispatchFlags) => {
      const { logLevel } = program.opts<{ logLevel: LogLevel }>();
      process.exitCode = await dispatch([name, ...words], flags, logLevel);
    });
  addRestartOptions(command);
}

function addRestartOptions(command: Command): void {
  command
    .addOption(
      new Option('--on-restart <how>', 'end with the payload, or follow the container into its next life')
        .choices(['end', 'dispatch'])
        .default('end'),
    )
    .option(
      '--restart-wait <ms>',
      'with --on-restart dispatch: wait so long for the container',
      parseCount(restartWaitMsMax),
      600_000,
    );
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

/** A defect of ours must not pass for the payload's exit code 1; the payload goes on without us. */
function failOnDefect(error: unknown): void {
  printError(error);
  process.exit(exitCode.deputyFailed);
}

async function dispatch(argv: readonly string[], flags: DispatchFlags, level: LogLevel): Promise<number> {
  process.once('uncaughtException', failOnDefect);
  try {
    requireRoot('deputy dispatch');
    return await (flags.dryRun === true ? tryOut(argv, flags) : serve(argv, flags, level));
  } catch (error) {
    printError(error);
    if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_FOUND')) return 127;
    if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_EXECUTABLE')) return 126;
    return isDeputyError(error, 'DEPUTY_E_USAGE') ? exitCode.usage : exitCode.deputyFailed;
  }
}

async function tryOut(argv: readonly string[], flags: DispatchFlags): Promise<number> {
  const spec = payloadSpec(argv, flags);
  const payloads = linuxPayloads(sessionOptions(flags));
  const found = await dryRun(payloads.open({ containerId: flags.target }, spec), spec);
  if (flags.json === true) printJson(found);
  else print(dryRunText(found));
  return exitCode.ok;
}

async function serve(argv: readonly string[], flags: DispatchFlags, level: LogLevel): Promise<number> {
  if (flags.onRestart === 'dispatch' && /^\d+$/.test(flags.target)) {
    const detail = "--on-restart dispatch takes a container's id: a process's number is of one life only";
    throw deputyError('DEPUTY_E_USAGE', { detail });
  }
  const logger = commandLineLogger(level === 'info' ? 'fatal' : level);
  outliveSignals();
  const work = new CommandWork(payloadSpec(argv, flags), flags, logger);
  const outcome = await runCommand(work, withCrashPoints(commandSteps));
  return outcome.kind === 'ended' ? codeOf(outcome.end) : exitCode.ok;
}

function codeOf(end: PayloadEnd): number {
  if (end.kind === 'exited') return end.code;
  if (end.kind === 'signaled') return 128 + end.signal;
  printError(deputyError('DEPUTY_E_PAYLOAD_EXIT_UNKNOWN', { detail: end.reason }));
  return exitCode.deputyFailed;
}
