import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupMounts } from './cgroup-folders.js';

/** One for all shims: nothing is left over when one of them is killed, and nothing has to be cleaned up. */
const folderName = 'deputy-payloads';
/** Whoever stops the scope, as a shutdown does, waits so long for a shim, which heeds no signal. */
const stopSeconds = 5;
const systemdRunPaths = ['/usr/bin/systemd-run', '/bin/systemd-run', '/usr/local/bin/systemd-run'];

let started = 0;

/**
 * What in front of a command line makes systemd put it into a scope of its own, outside of deputy's unit
 * (systemd-run(1)). Undefined where process 1, as we see it, is no systemd that can be asked: its numbers of
 * processes would be others than ours.
 */
export function scopeCommand(): readonly [string, ...string[]] | undefined {
  const path = systemdRunPaths.find((one) => existsSync(one));
  // sd_booted(3), and its private socket, which needs no message bus.
  const isThere = existsSync('/run/systemd/system') && existsSync('/run/systemd/private');
  if (path === undefined || !isThere || processOneName() !== 'systemd') return undefined;
  const unit = `deputy-payload-${process.pid}-${Date.now()}-${started++}`;
  const words = ['--scope', '--quiet', '--collect', `--unit=${unit}`, '--description=shim of a payload'];
  return [path, ...words, `--property=TimeoutStopSec=${stopSeconds}`, '--'];
}

function processOneName(): string {
  try {
    return readFileSync('/proc/1/comm', 'latin1').trim();
  } catch {
    return '';
  }
}

/**
 * Folders of cgroups that are beside everything else, as high up as we can see, for each hierarchy by which
 * units and pods are ended: the unified one, and systemd's own of version 1. The others only limit and count.
 * None for a hierarchy in whose root deputy is: nobody ends that. Pure.
 */
export function outsideFolders(cgroups: readonly string[], mountinfo: string): string[] {
  const mounts = cgroupMounts(mountinfo);
  return cgroups.flatMap((line) => {
    const [, controllers = '', ...rest] = line.split(':');
    if (controllers !== '' && !controllers.startsWith('name=')) return [];
    const [highest] = mounts
      .filter(({ controllers: own }) => (controllers === '' ? own.length === 0 : own.includes(controllers)))
      .sort((a, b) => levelsAbove(b.root) - levelsAbove(a.root));
    if (highest === undefined || (rest.join(':') === '/' && levelsAbove(highest.root) === 0)) return [];
    return [join(highest.mountPoint, folderName)];
  });
}

/** A mount from outside of our cgroup namespace begins with so many `/..` (cgroup_namespaces(7)). */
function levelsAbove(root: string): number {
  return root.split('/').filter((name) => name === '..').length;
}

export function outsideFoldersOfSelf(): string[] {
  try {
    const cgroups = readFileSync('/proc/self/cgroup', 'utf8').split('\n').filter(Boolean);
    return outsideFolders(cgroups, readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return [];
  }
}

/** Can a shim be where nothing that ends our unit or pod ends it? */
export function canLeaveUnit(): boolean {
  return scopeCommand() !== undefined || outsideFoldersOfSelf().length > 0 || isInRealRoot();
}

/** The root of the hierarchy itself has no `cgroup.events`; what a cgroup namespace shows as one has it. */
function isInRealRoot(): boolean {
  const cgroups = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const mount = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).find(
    ({ controllers }) => controllers.length === 0,
  );
  if (!cgroups.includes('0::/') || mount === undefined) return false;
  return !existsSync(join(mount.mountPoint, 'cgroup.events'));
}
