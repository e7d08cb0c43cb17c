import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import type { Logger } from '../../../core/ports/logger.js';
import { knownStrategies } from '../../../core/preflight/table.js';
import type { Keeper } from '../../keeper/index.js';
import { type LaunchedTarget, launchTarget } from '../../launcher/launch-target.js';
import { exitCodeOf as exitCodeOfTarget, forwardSignals } from '../../launcher/run-target.js';
import { exitAtOnce } from '../../linux/index.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';
import { openKeeper } from '../agent-parts.js';
import { embedded } from '../nats-options.js';
import { exitCode, printError } from '../output.js';
import { requireRunnable } from '../run-strategy.js';
import { requireRoot } from './agent.js';

/** The traditional unprivileged user and group, where nothing else is asked for. */
const nobody = 65534;

interface RunFlags {
  readonly policy?: string;
  readonly state?: string;
  readonly uid: number;
  readonly gid: number;
  readonly waitKillable: boolean;
  readonly node?: string;
  readonly standby: boolean;
  readonly nats?: string;
  readonly strategy?: string;
}

/** Adds `deputy run` to the program. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('start a program without privileges, serve its calls, and exit with its code')
    .argument('<command>', 'the program; put -- in front of it')
    .argument('[arguments...]', 'its arguments')
    .option('--policy <file>', 'what the program may have done for it; without it the defaults hold')
    .option('--state <directory>', 'keep journal and events here; without it they go when the program ends')
    .option('--uid <uid>', 'run as this user', identifier, nobody)
    .option('--gid <gid>', 'run as this group', identifier, nobody)
    .option('--node <name>', "the node's name in events; default is the host name")
    .option('--no-wait-killable', 'let any signal interrupt a call that is being answered (plain flavour)')
    .option('--nats <url>', 'events go to a stream there, not to files; needs --state')
    .addOption(
      new Option('--strategy <name>', 'ask `deputy preflight` first: auto, or the one to be used').choices([
        'auto',
        ...knownStrategies,
      ]),
    )
    .option('--standby', 'a second supervisor that waits to take over: a take-over is then shorter', false)
    .addHelpText(
      'after',
      "\nExit code: the program's own, 128+n for signal n, 126, 127, or 125 when deputy failed.",
    )
    .action(async (command: string, words: readonly string[], flags: RunFlags) => {
      const { logLevel } = program.opts<{ logLevel: LogLevel }>();
      process.exitCode = await run([command, ...words], flags, logLevel);
    });
}

async function run(argv: readonly string[], flags: RunFlags, level: LogLevel): Promise<number> {
  // A program's own output is what its user wants to see; deputy speaks up only when something is wrong.
  const quiet = level === 'info' ? 'error' : level;
  const logger = commandLineLogger(quiet);
  try {
    requireRoot('deputy run');
    const { strategy, policy } = flags;
    const chosen = strategy === undefined ? undefined : await requireRunnable(strategy, policy);
    if (strategy === undefined || chosen !== 'sidecar-caps')
      return await runUnderKeeper(argv, flags, quiet, logger);
    requireNoFlagsOfKeeper(flags);
    const { runBesideSidecar } = await import('../run-beside-sidecar.js');
    return await runBesideSidecar(argv, { ...flags, strategy }, quiet, logger);
  } catch (error) {
    printError(error);
    return exitCodeFor(error);
  }
}

async function runUnderKeeper(
  argv: readonly string[],
  flags: RunFlags,
  quiet: LogLevel,
  logger: Logger,
): Promise<number> {
  const temporary = flags.state === undefined ? mkdtempSync(join(tmpdir(), 'deputy-run-')) : undefined;
  let keeper: Keeper | undefined;
  let code: number;
  try {
    const { policy, node, standby, nats } = flags;
    // A stream goes on with the journal of its state directory.
    if (nats !== undefined && (temporary !== undefined || nats === embedded)) {
      throw deputyError('DEPUTY_E_USAGE', { detail: '--nats of `deputy run` is a URL, and needs --state' });
    }
    const { strategy } = flags;
    const state = resolve(flags.state ?? (temporary as string));
    const options = {
      ...(policy === undefined ? {} : { policy }),
      ...(node === undefined ? {} : { node }),
      ...(nats === undefined ? {} : { nats }),
      ...(strategy === undefined ? {} : { strategy }),
    };
    keeper = openKeeper({ state, standby, ...options }, quiet, logger);
    await keeper.start();
    code = await serve(argv, flags, keeper);
  } catch (error) {
    printError(error);
    code = exitCodeFor(error);
  }
  const stuckLoops = await close(keeper, logger);
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  if (stuckLoops > 0) exitAtOnce(code);
  return code;
}

/** What a sidecar has not: it has no stream, no standby, and its wrapper decides how a call waits. */
function requireNoFlagsOfKeeper({ nats, standby, waitKillable }: RunFlags): void {
  if (nats === undefined && !standby && waitKillable) return;
  const detail = '--nats, --standby and --no-wait-killable are not for the strategy sidecar-caps';
  throw deputyError('DEPUTY_E_USAGE', { detail });
}

function exitCodeFor(error: unknown): number {
  if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_FOUND')) return 127;
  if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_EXECUTABLE')) return 126;
  return isUsage(error) ? exitCode.usage : exitCode.deputyFailed;
}

async function serve(argv: readonly string[], flags: RunFlags, keeper: Keeper): Promise<number> {
  const { uid, gid, waitKillable } = flags;
  const target: LaunchedTarget = await launchTarget({ argv, uid, gid, waitKillable });
  const stopForwarding = forwardSignals(target);
  try {
    const { processId, listener } = target;
    const containerId = `run-${processId}`;
    const state = { containerId, processId, metadata: '', bundle: '', annotations: {}, listenerIndex: 0 };
    const kept = keeper.take(state, listener, 'run');
    if (kept !== undefined) await keeper.served(kept.key);
    await target.start();
    return exitCodeOfTarget(await target.exited);
  } catch (error) {
    target.kill('SIGKILL');
    throw error;
  } finally {
    stopForwarding();
  }
}

async function close(keeper: Keeper | undefined, logger: Logger): Promise<number> {
  try {
    return (await keeper?.stop())?.stuckLoops ?? 0;
  } catch (error) {
    logger.error({ err: error }, 'deputy did not end cleanly');
    return 0;
  }
}

function isUsage(error: unknown): boolean {
  const codes = ['DEPUTY_E_USAGE', 'DEPUTY_E_POLICY_INVALID', 'DEPUTY_E_POLICY_UNREADABLE'] as const;
  return codes.some((code) => isDeputyError(error, code));
}

function identifier(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0 || value >= 0xffffffff) {
    throw new InvalidArgumentError('a numeric id is wanted');
  }
  return value;
}
