import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { canBeAdopted } from '../../../core/engine/can-be-adopted.js';
import { createEngine } from '../../../core/engine/engine.js';
import { deputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
import { defaultPolicy } from '../../../core/policy/defaults.js';
import type { PayloadEnd } from '../../../core/ports/payload.js';
import { dispatcher, dispatchSteps, endText } from '../../../strategies/dispatcher/index.js';
import { openEventHost } from '../../host/event-host.js';
import { commandLineLogger, type LogLevel } from '../../logging/index.js';
import { payloadDirectoryOf } from '../../payload/find-payload.js';
import { type LinuxPayloadSession, linuxPayloads } from '../../payload/index.js';
import { findLeftBehind, type LeftBehind } from '../../payload/left-behind.js';
import { withCrashPoints } from '../../payload/test-hooks.js';
import { dryRun, dryRunText } from '../dispatch/dry-run.js';
import {
  type DispatchFlags,
  parseCapabilities,
  parseCount,
  parsePair,
  parseReadiness,
  parseUser,
  payloadSpec,
} from '../dispatch/payload-spec.js';
import { joinInput, ownOutput, passSignals } from '../dispatch/stdio.js';
import { exitCode, print, printError, printJson } from '../output.js';
import { requireRoot } from './agent.js';

const defaultState = '/var/lib/deputy-dispatch';
const deadlineMsMax = 600_000;
const bufferBytesMax = 64 << 20;
/** Each is waited for, and there may be a new one any time: a container that restarts all the while. */
const earlierLivesMax = 16;

/** Adds `deputy dispatch` to the program. */
export function addDispatchCommand(program: Command): void {
  program
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
    .action(async (command: string, words: readonly string[], flags: DispatchFlags) => {
      const { logLevel } = program.opts<{ logLevel: LogLevel }>();
      process.exitCode = await dispatch([command, ...words], flags, logLevel);
    });
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
    const code = isGone(error) ? await learnLate(flags) : undefined;
    if (code !== undefined) return code;
    printError(error);
    if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_FOUND')) return 127;
    if (isDeputyError(error, 'DEPUTY_E_COMMAND_NOT_EXECUTABLE')) return 126;
    return isDeputyError(error, 'DEPUTY_E_USAGE') ? exitCode.usage : exitCode.deputyFailed;
  }
}

function isGone(error: unknown): boolean {
  return isDeputyError(error, 'DEPUTY_E_TARGET_UNKNOWN') || isDeputyError(error, 'DEPUTY_E_TARGET_GONE');
}

/** The exit code of a payload that ended with its container while nobody was there, if that waits for us. */
async function learnLate({ state, target, name, node }: DispatchFlags): Promise<number | undefined> {
  const containerId = /^\d+$/.test(target) ? `process-${target}` : target;
  const left = await findLeftBehind(resolve(state), { containerId, name }, ownOutput());
  if (left === undefined) return undefined;
  await settle(left, node);
  const code = codeOf(left.end);
  left.collect();
  return code;
}

/**
 * A container that was started again is another delegation. What became of the payloads of its earlier lives,
 * if nobody has heard of it yet, is said now; their shims end with that.
 */
async function learnOfEarlierLives(
  place: { readonly path: string; readonly containerId: string },
  { state, name, node }: DispatchFlags,
): Promise<void> {
  const wanted = { containerId: place.containerId, name, except: place.path };
  const sink = ownOutput();
  for (let lives = 0; lives < earlierLivesMax; lives++) {
    const left = await findLeftBehind(resolve(state), wanted, sink);
    if (left === undefined) return;
    process.stderr.write(`before the container was started again ${endText(left.end)}\n`);
    await settle(left, node);
    left.collect();
  }
}

/**
 * The delegation of a payload that ended while nobody was there has its last event. Where that can't be
 * written it is said, and the end is told all the same.
 */
async function settle(left: LeftBehind, node: string | undefined): Promise<void> {
  const stateDirectory = join(left.path, 'engine');
  try {
    const host = await openEventHost({ stateDirectory, ...(node === undefined ? {} : { node }) });
    try {
      await createEngine({ ...host, strategies: [], policy: defaultPolicy() }).settlePredecessors();
    } finally {
      await host.close();
    }
  } catch (error) {
    printError(error);
  }
}

function rootsOf({ runtimeRoot }: DispatchFlags): { readonly runtimeRoots?: readonly string[] } {
  return runtimeRoot.length === 0 ? {} : { runtimeRoots: runtimeRoot };
}

async function tryOut(argv: readonly string[], flags: DispatchFlags): Promise<number> {
  const { target, name, json } = flags;
  const spec = payloadSpec(argv, flags);
  const payloads = linuxPayloads({ target, name, stateDirectory: resolve(flags.state), ...rootsOf(flags) });
  const found = await dryRun(payloads.open({ containerId: target }, spec), spec);
  if (json === true) printJson(found);
  else print(dryRunText(found));
  return exitCode.ok;
}

async function serve(argv: readonly string[], flags: DispatchFlags, level: LogLevel): Promise<number> {
  const { target, name, node } = flags;
  const spec = payloadSpec(argv, flags);
  const where = { target, name, stateDirectory: resolve(flags.state), ...rootsOf(flags) };
  await learnOfEarlierLives(payloadDirectoryOf(where), flags);
  // While that was waited for the container may have been started again.
  const place = payloadDirectoryOf(where);
  const logger = commandLineLogger(level === 'info' ? 'fatal' : level);
  let session: LinuxPayloadSession | undefined;
  const payloads = linuxPayloads(where);
  const strategy = dispatcher({
    payloads,
    payload: () => spec,
    steps: withCrashPoints(dispatchSteps),
    onSession: (opened) => {
      session = opened as LinuxPayloadSession;
      session.drainTo(ownOutput());
    },
  });
  let host: Awaited<ReturnType<typeof openEventHost>>;
  try {
    host = await openEventHost({
      stateDirectory: join(place.path, 'engine'),
      logger,
      ...(node === undefined ? {} : { node }),
    });
  } catch (error) {
    if (!isDeputyError(error, 'DEPUTY_E_STATE_DIRECTORY_LOCKED')) throw error;
    print(`running ${place.runningProcess() ?? 'soon'}`);
    return exitCode.ok;
  }
  const engine = createEngine({ ...host, strategies: [strategy], policy: defaultPolicy() });
  try {
    const one = { containerId: place.containerId, processId: place.targetProcess };
    const [open] = await host.stateDirectory.sequencer.caughtUp();
    if (open === undefined || !canBeAdopted(open)) {
      await engine.settlePredecessors();
      await engine.delegate({ target: one, strategy: 'dispatcher', origin: 'dispatch' });
    } else {
      const reason = 'whoever dispatched it is gone';
      const { delegationId } = open;
      const previousEpoch = host.stateDirectory.epoch - 1;
      await engine.adopt({
        delegationId,
        strategy: 'dispatcher',
        targets: [one],
        reason,
        inFlight: 0,
        previousEpoch,
      });
    }
    if (session === undefined) throw deputyError('DEPUTY_E_HANDLER_FAILED');
    if (flags.detach) {
      print(`ready ${place.runningProcess() ?? ''}`);
      await session.leave();
      return exitCode.ok;
    }
    const code = await follow(session, flags);
    if (code === undefined) return exitCode.ok;
    await engine.close('the payload ended');
    return code;
  } catch (error) {
    // Else its open connection would keep us here until the payload's end.
    await session?.leave();
    throw error;
  } finally {
    await host.close();
  }
}

/** Until the payload ends, or (undefined) until we are to leave it alone. */
async function follow(session: LinuxPayloadSession, flags: DispatchFlags): Promise<number | undefined> {
  const signals = passSignals(session, flags.sigterm === 'leave');
  const leaveInput = joinInput(session, flags.tty === true);
  const end = await Promise.race([session.ended, signals.toLeave]);
  leaveInput();
  signals.stop();
  if (end === undefined) {
    await session.leave();
    return undefined;
  }
  session.collect();
  return codeOf(end);
}

function codeOf(end: PayloadEnd): number {
  if (end.kind === 'exited') return end.code;
  if (end.kind === 'signaled') return 128 + end.signal;
  printError(deputyError('DEPUTY_E_PAYLOAD_EXIT_UNKNOWN', { detail: end.reason }));
  return exitCode.deputyFailed;
}
