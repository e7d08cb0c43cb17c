import { chmodSync, mkdirSync, mkdtempSync, statfsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Child, startChild, within } from './child.js';
import { labTemporaryRoot } from './paths.js';

export type Runtime = 'crun' | 'runc';

/** A temporary folder, the mount namespace for the runtimes, and the guard that clears both away. */
export interface LabHost {
  readonly directory: string;
  /** The cgroup above those of the host's containers. */
  readonly cgroup: string;
  /** Put before a runtime's command line, so that it sees pure cgroup2. */
  readonly enter: readonly string[];
  /** The runtime's private state folder, for its `--root`. */
  stateDirectory(runtime: Runtime): string;
  /** Deletes what is left of containers, then the folder. Safe to call twice. */
  close(): Promise<void>;
}

const cgroup2Magic = 0x63677270;
const readyMsMax = 10_000;
const closeMsMax = 30_000;

/**
 * Reads until its standard input ends, which happens however this process ends, SIGKILL included; then it
 * deletes the containers and the folder. It also keeps the private mount namespace alive for nsenter.
 */
const guardScript = `
if [ "$2" = hybrid ]; then
  umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup || exit 1
fi
echo ready
while read -r _; do :; done
for runtime in crun runc; do
  for state in "$1/state-$runtime"/*/; do
    [ -d "$state" ] && "$runtime" --root "$1/state-$runtime" delete --force "$(basename "$state")"
  done
done
# A runtime that failed half-way leaves its cgroup behind.
for cgroup in "/sys/fs/cgroup/$(basename "$1")"/*/ "/sys/fs/cgroup/$(basename "$1")"; do
  [ -d "$cgroup" ] && rmdir "$cgroup"
done
rm -rf --one-file-system "$1"
`;

/** Debian 12's runtimes refuse cgroup v1 controllers beside cgroup2. */
function isPureCgroup2(): boolean {
  return statfsSync('/sys/fs/cgroup').type === cgroup2Magic;
}

function startGuard(directory: string, pure: boolean): Child {
  const script = ['sh', '-c', guardScript, 'lab-guard', directory, pure ? 'pure' : 'hybrid'];
  const [command = 'sh', ...args] = pure ? script : ['unshare', '-m', '--propagation', 'private', ...script];
  return startChild(command, args, { detached: true, outlivesParent: true });
}

async function waitForReady(guard: Child): Promise<void> {
  const ready = new Promise<boolean>((resolve) => {
    guard.process.stdout?.once('data', () => resolve(true));
    void guard.exited.then(() => resolve(false));
  });
  if ((await within(readyMsMax, ready)) === true) return;
  guard.process.kill('SIGKILL');
  const reason = guard.spawnError()?.message ?? guard.stderr.join('; ');
  throw new Error(`the lab's mount namespace can't be had: ${reason || 'no answer'}`);
}

/** Opens a host for containers. Needs root. */
export async function openLabHost(): Promise<LabHost> {
  const temporaryRoot = labTemporaryRoot();
  if (temporaryRoot === undefined)
    throw new Error('no temporary folder outside overlayfs; set DEPUTY_LAB_TMP');
  const directory = mkdtempSync(join(temporaryRoot, 'deputy-lab-'));
  // The target's uid must be able to pass through.
  chmodSync(directory, 0o755);
  const stateDirectory = (runtime: Runtime) => join(directory, `state-${runtime}`);
  for (const runtime of ['crun', 'runc'] as const) mkdirSync(stateDirectory(runtime), { mode: 0o700 });
  const pure = isPureCgroup2();
  const guard = startGuard(directory, pure);
  await waitForReady(guard);
  const enter = pure ? [] : ['nsenter', '-t', String(guard.process.pid), '-m', '--'];
  const close = async () => {
    guard.process.stdin?.end();
    if ((await within(closeMsMax, guard.exited)) !== undefined) return;
    guard.process.kill('SIGKILL');
    throw new Error(`clearing up ${directory} took more than ${closeMsMax} ms: ${guard.stderr.join('; ')}`);
  };
  return { directory, cgroup: `/${basename(directory)}`, enter, stateDirectory, close };
}
