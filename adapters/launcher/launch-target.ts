import type { Readable, Writable } from 'node:stream';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { systemCall } from '../linux/native.js';
import { setSynchronousWakeUp } from '../linux/seccomp.js';
import type { SyscallName } from '../linux/syscall-numbers.js';
import { starterFileLimit } from './file-limit.js';
import { launchFailureError } from './launch-failure-error.js';
import { LauncherProcess, type TargetEnd, type TargetStreams } from './launcher-process.js';
import { goLine, type LauncherSetup } from './protocol.js';

/** What to start, and as whom. */
export interface LaunchOptions {
  readonly argv: readonly string[];
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; none by default. Who isn't root keeps his own and can't give others. */
  readonly groups?: readonly number[];
  readonly workingDirectory?: string;
  /** deputy's own by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The calls that go to the listener. */
  readonly syscalls?: readonly SyscallName[];
  /** Only a fatal signal interrupts a call that is being answered (Linux 5.19; before, it is ignored). */
  readonly waitKillable?: boolean;
  readonly refuseIoUring?: boolean;
  /**
   * Opens with O_DIRECTORY go to the kernel, which allows them in a user namespace of the program's own
   * (Linux 6.11) and refuses them elsewhere. The target's metadata must say so (`directories=native`).
   */
  readonly nativeDirectories?: boolean;
  /** Soft limit of open files; by default what deputy's own starter has. */
  readonly fileLimit?: number;
  /** Numbers of capabilities(7) that the program keeps; none by default. */
  readonly keepCapabilities?: readonly number[];
  /** deputy's own by default. */
  readonly streams?: TargetStreams;
}

/** A target under its filter, waiting to become the program. */
export interface LaunchedTarget {
  readonly processId: number;
  /** The seccomp listener; the caller owns it. */
  readonly listener: number;
  /** Is the wait killable? Not with an older kernel. */
  readonly waitKillable: boolean;
  /** The streams that were asked for as 'pipe'. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Settles when the target has ended, the program or the launcher before it. Never rejects. */
  readonly exited: Promise<TargetEnd>;
  /**
   * Lets it become the program; call it when the listener is being served. Resolves when the program runs (or
   * was killed before it could); throws DEPUTY_E_COMMAND_NOT_FOUND (`exited` gives 127) or
   * DEPUTY_E_COMMAND_NOT_EXECUTABLE (126).
   */
  start(): Promise<void>;
  /** Sends a signal; false when it has ended. */
  kill(signal: NodeJS.Signals): boolean;
}

const executeTimeoutMs = 60_000;
export const delegatedSyscalls: readonly SyscallName[] = ['open_by_handle_at', 'name_to_handle_at'];

/**
 * Starts a target under a seccomp filter with dropped privileges (seccomp_unotify(2)) and returns with its
 * listener in hand, before the program runs. Throws a coded error when that doesn't work; nothing is left
 * behind then.
 */
export async function launchTarget(options: LaunchOptions): Promise<LaunchedTarget> {
  const setup = launcherSetup(options);
  const launcher = LauncherProcess.start(setup, options.streams ?? ['inherit', 'inherit', 'inherit']);
  const { listener, waitKillable } = await receiveListener(launcher, setup);
  const { child, exited } = launcher;
  return {
    processId: child.pid as number,
    listener,
    waitKillable,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    start: () => startProgram(launcher, setup),
    kill: (signal) => child.kill(signal),
  };
}

/** Waits for the launcher's word and takes the listener that came with it. Shared with the self-test. */
export async function receiveListener(
  launcher: LauncherProcess,
  setup: LauncherSetup,
): Promise<{ listener: number; waitKillable: boolean }> {
  const message = await launcher.firstMessage();
  if (message.type !== 'listening') {
    launcher.abandon();
    await launcher.exited;
    if (message.type === 'failed') throw launchFailureError(message, setup);
    throw deputyError('DEPUTY_E_LAUNCH_FAILED', { detail: `the launcher said '${message.type}' too early` });
  }
  const listener = launcher.takeListener();
  if (listener < 0) {
    launcher.abandon();
    throw deputyError('DEPUTY_E_LAUNCH_FAILED', {
      detail: `the listener did not come: ${errnoText(listener)}`,
    });
  }
  setSynchronousWakeUp(listener);
  return { listener, waitKillable: message.waitKillable };
}

async function startProgram(launcher: LauncherProcess, setup: LauncherSetup): Promise<void> {
  launcher.lines.write(goLine);
  const message = await launcher.lines.next(executeTimeoutMs);
  launcher.lines.close();
  // The end of the channel is the good news: it is closed on exec.
  if (message === undefined || message === 'late' || message.type !== 'failed') return;
  await launcher.exited;
  throw launchFailureError(message, setup);
}

function launcherSetup(options: LaunchOptions): LauncherSetup {
  const { argv } = options;
  if (argv.length === 0 || argv[0] === '') {
    throw deputyError('DEPUTY_E_USAGE', { detail: 'no command to run' });
  }
  const fileLimit = options.fileLimit ?? starterFileLimit();
  const { workingDirectory } = options;
  return {
    mode: 'execute',
    argv,
    environment: definedOnly(options.environment ?? process.env),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    uid: options.uid,
    gid: options.gid,
    groups: options.groups ?? [],
    capabilities: options.keepCapabilities ?? [],
    syscalls: options.syscalls ?? delegatedSyscalls,
    waitKillable: options.waitKillable ?? true,
    refuseIoUring: options.refuseIoUring ?? true,
    ...(options.nativeDirectories === true ? { nativeDirectories: true } : {}),
    ...(fileLimit === undefined ? {} : { fileLimit }),
  };
}

function definedOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const pairs = Object.entries(environment).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return Object.fromEntries(pairs);
}

/** Closes a listener (close(2)): the target's delegated calls give ENOSYS from then on. */
export function closeListener(listener: number): void {
  systemCall('close', listener);
}
