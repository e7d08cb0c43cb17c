import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';
import { unprivilegedCommand } from '../host/confined-command.js';
import { exitCodeOf, forwardSignals } from '../launcher/run-target.js';
import { nativeProgram } from '../native/native-programs.js';
import { openNotifier, type RunningNotifier } from '../notifier/index.js';
import { entryUrl } from '../supervisor/entry-path.js';
import { loadPolicy } from './load-policy.js';

export interface SidecarRunOptions {
  readonly policy?: string;
  readonly state?: string;
  readonly uid: number;
  readonly gid: number;
  readonly node?: string;
  readonly strategy: string;
}

/**
 * The program waits until its sidecar serves, and is not started when that can't: a shell reads a line,
 * closes what it read from, and becomes the program. 125 as where deputy failed.
 */
const waiting = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';

/**
 * Runs a program behind deputy-wrap, with this very process as its sidecar: it becomes the program's user and
 * keeps CAP_DAC_READ_SEARCH alone, so that nothing of deputy is root while the program runs. Resolves to the
 * exit code.
 */
export async function runBesideSidecar(
  argv: readonly string[],
  options: SidecarRunOptions,
  logLevel: string,
  logger: Logger,
): Promise<number> {
  const { uid, gid } = options;
  const own = mkdtempSync(join(tmpdir(), 'deputy-run-'));
  chownSync(own, uid, gid);
  const stateDirectory = options.state === undefined ? join(own, 'state') : resolve(options.state);
  ownedDirectory(stateDirectory, uid, gid);
  const socketPath = join(own, 'notifier.sock');
  let child: ChildProcess | undefined;
  let notifier: RunningNotifier | undefined;
  try {
    const started = startProgram(argv, socketPath, options);
    child = started;
    const exited = endOf(started);
    const stopForwarding = forwardSignals({
      ...(started.pid === undefined ? {} : { processId: started.pid }),
      kill: (signal) => started.kill(signal),
    });
    notifier = await openNotifier({
      socketPath,
      user: uid,
      group: gid,
      groups: [],
      cgroup: 'any',
      container: `run-${started.pid}`,
      stateDirectory,
      policy: loadPolicy(options.policy, logger),
      ...(options.policy === undefined ? {} : { policyPath: resolve(options.policy) }),
      ...(options.node === undefined ? {} : { node: options.node }),
      strategy: options.strategy,
      supervisorEntry: fileURLToPath(entryUrl(new URL('./supervisor.js', import.meta.url))),
      logLevel,
      logger,
    });
    (started.stdio[3] as NodeJS.WritableStream).end('\n');
    const code = await exited;
    stopForwarding();
    return code;
  } catch (error) {
    child?.kill('SIGKILL');
    throw error;
  } finally {
    await notifier?.close(true);
    rmSync(own, { recursive: true, force: true });
  }
}

/** The sidecar is the program's user when it writes there; folders above it only have to let it in. */
function ownedDirectory(path: string, uid: number, gid: number): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  const first = mkdirSync(parent, { recursive: true });
  // Whatever the umask is.
  for (let at = parent; first !== undefined && at.length >= first.length; at = dirname(at))
    chmodSync(at, 0o755);
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, uid, gid);
}

function startProgram(
  argv: readonly string[],
  socketPath: string,
  { uid, gid }: SidecarRunOptions,
): ChildProcess {
  const wrapped = [nativeProgram('deputy-wrap'), socketPath, '--', ...argv];
  const words = unprivilegedCommand(uid, gid, ['/bin/sh', '-c', waiting, 'deputy-run', ...wrapped]);
  if (words === undefined) {
    throw deputyError('DEPUTY_E_SETUP_MISSING', {
      what: 'setpriv (util-linux)',
      detail: 'it drops privileges',
    });
  }
  const child = spawn(words[0] as string, words.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  // A program that has ended by then reads nothing.
  child.stdio[3]?.on('error', () => undefined);
  return child;
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolveEnd) => {
    child.once('error', () => resolveEnd(125));
    child.once('exit', (code, signal) => resolveEnd(exitCodeOf({ code, signal })));
  });
}
