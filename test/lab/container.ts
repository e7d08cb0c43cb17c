import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type BundleOptions, targetGid, targetUid, writeBundle } from './bundle.js';
import { type Child, type ExitStatus, runChild, sleep, startChild, within } from './child.js';
import { type LabHost, openLabHost, type Runtime } from './lab-host.js';
import { labRootfs } from './paths.js';

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

export interface ContainerOptions
  extends Optional<
    Omit<BundleOptions, 'cgroup'>,
    'containerId' | 'rootfs' | 'shareDirectory' | 'socketDirectory'
  > {
  readonly runtime: Runtime;
  /** Several containers can share a host; one that isn't given is opened, and closed with the container. */
  readonly host?: LabHost;
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface Container {
  readonly containerId: string;
  /** The container's first process, as the host's pid namespace counts. */
  readonly pid: number;
  readonly shareDirectory: string;
  readonly socketDirectory: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exited: Promise<ExitStatus>;
  /** Signals the container's first process through the runtime. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Freezes all of its cgroup, or lets it go on, through the runtime. */
  hold(verb: 'pause' | 'resume'): Promise<void>;
  /** Runs a command in the container with its user, capabilities and filter. */
  exec(args: readonly string[], deadlineMs?: number): Promise<ExecResult>;
  /** Ends and removes the container. Safe to call twice. */
  delete(): Promise<void>;
}

export interface ExecResult extends ExitStatus {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly timedOut: boolean;
}

const startMsMax = 20_000;
const commandMsMax = 20_000;

/** The whole command line of a runtime call, from the private mount namespace on. */
function runtimeCommand(host: LabHost, runtime: Runtime, args: readonly string[]): [string, string[]] {
  const line = [...host.enter, runtime, '--root', host.stateDirectory(runtime), ...args];
  return [line[0] ?? runtime, line.slice(1)];
}

/** A folder that belongs to the target, made only when the caller brings none. */
function targetFolder(given: string | undefined, path: string): string {
  if (given !== undefined) return given;
  mkdirSync(path, { recursive: true });
  chownSync(path, targetUid, targetGid);
  return path;
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** The runtime writes the pid file once the container exists; if it ends without one, it refused. */
async function waitForPid(child: Child, pidFile: string, what: string): Promise<number> {
  const deadline = Date.now() + startMsMax;
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  while (Date.now() < deadline) {
    const wasEnded = ended;
    const pid = readPid(pidFile);
    if (pid !== undefined) return pid;
    if (wasEnded) break;
    await sleep(10);
  }
  const reason = child.spawnError()?.message ?? child.stderr.join('; ');
  throw new Error(`${what} did not start: ${reason || (ended ? 'it ended at once' : 'no answer')}`);
}

/** Writes a bundle and runs it; resolves when the container's first process exists. */
export async function startContainer(options: ContainerOptions): Promise<Container> {
  const host = options.host ?? (await openLabHost());
  const closeHost = options.host === undefined ? () => host.close() : () => Promise.resolve();
  try {
    return await startOnHost(options, host, closeHost);
  } catch (error) {
    await closeHost();
    throw error;
  }
}

async function startOnHost(
  options: ContainerOptions,
  host: LabHost,
  closeHost: () => Promise<void>,
): Promise<Container> {
  const { runtime } = options;
  const containerId = options.containerId ?? `lab-${randomBytes(4).toString('hex')}`;
  const bundle = join(host.directory, `bundle-${containerId}`);
  const shareDirectory = targetFolder(options.shareDirectory, join(host.directory, 'share'));
  const socketDirectory = targetFolder(options.socketDirectory, join(host.directory, 'sock'));
  // runc refuses a symlink, which a shared cache folder may be.
  const rootfs = realpathSync(options.rootfs ?? labRootfs());
  writeBundle(bundle, {
    ...options,
    cgroup: host.cgroup,
    containerId,
    rootfs,
    shareDirectory,
    socketDirectory,
  });
  const pidFile = join(bundle, 'pid');
  const call = (args: readonly string[]) => runtimeCommand(host, runtime, args);
  const run = (args: readonly string[], deadlineMs = commandMsMax) => runChild(...call(args), deadlineMs);
  const remove = async () => {
    await run(['delete', '--force', containerId]);
    if ((await within(commandMsMax, child.exited)) === undefined) child.process.kill('SIGKILL');
    await child.exited;
  };
  const child = startChild(...call(['run', '--bundle', bundle, '--pid-file', pidFile, containerId]), {
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  child.process.stdin?.end();
  const pid = await waitForPid(child, pidFile, `container ${containerId} (${runtime})`).catch(
    async (error) => {
      await remove();
      throw error;
    },
  );
  return {
    containerId,
    pid,
    shareDirectory,
    socketDirectory,
    stdout: child.stdout,
    stderr: child.stderr,
    exited: child.exited,
    async kill(signal) {
      const killed = await run(['kill', containerId, signal]);
      if (killed.code !== 0) throw new Error(`${runtime} kill ${containerId}: ${killed.stderr.join('; ')}`);
    },
    async hold(verb) {
      const held = await run([verb, containerId]);
      if (held.code !== 0) throw new Error(`${runtime} ${verb} ${containerId}: ${held.stderr.join('; ')}`);
    },
    // crun would take root where no user is named.
    exec: (args, deadlineMs) =>
      run(['exec', '--user', `${targetUid}:${targetGid}`, containerId, ...args], deadlineMs),
    async delete() {
      await remove();
      await closeHost();
    },
  };
}
