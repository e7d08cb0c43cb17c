import { existsSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deputyError } from '../../core/errors/deputy-error.js';

/** A hierarchy as /proc/self/mountinfo has it. */
interface Hierarchy {
  /** Empty for the unified one. */
  readonly controllers: readonly string[];
  readonly root: string;
  readonly mountPoint: string;
}

/** The cgroup mounts in the text of proc_pid_mountinfo(5). Pure. */
export function cgroupMounts(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [type = '', , options = ''] = right.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const fields = left.split(' ');
    const unescapePath = (text = ''): string =>
      text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const controllers = type === 'cgroup2' ? [] : options.split(',').filter((name) => name !== 'rw');
    return [{ controllers, root: unescapePath(fields[3]), mountPoint: unescapePath(fields[4]) }];
  });
}

/**
 * The folders of a process's cgroups, one for each hierarchy that is mounted here. `cgroups`: the lines of
 * its /proc/PID/cgroup. Pure.
 */
export function cgroupFolders(cgroups: readonly string[], mountinfo: string): string[] {
  const mounts = cgroupMounts(mountinfo);
  return cgroups.flatMap((line) => {
    const [, controllers = '', ...rest] = line.split(':');
    const path = rest.join(':');
    const wanted = controllers.split(',').filter(Boolean);
    const mount = mounts.find(
      (one) =>
        one.controllers.length > 0 === wanted.length > 0 &&
        wanted.every((name) => one.controllers.includes(name)),
    );
    if (mount === undefined) return [];
    const below =
      mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : undefined;
    return below === undefined ? [] : [join(mount.mountPoint, below)];
  });
}

export function cgroupFoldersOf(cgroups: readonly string[]): string[] {
  return cgroupFolders(cgroups, readFileSync('/proc/self/mountinfo', 'utf8')).filter((path) =>
    existsSync(join(path, 'cgroup.procs')),
  );
}

/** A file of the cgroup by which a process enters it; see cgroups(7). Throws coded errors. */
export function openForEntry(folder: string): number {
  try {
    return openSync(join(folder, 'cgroup.procs'), 'w');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // Removed with its last process: the target's is elsewhere.
    if (code === 'ENOENT' || code === 'ENODEV') {
      throw deputyError('DEPUTY_E_TARGET_CHANGED', { detail: `its cgroup ${folder} was removed` }, error);
    }
    throw deputyError('DEPUTY_E_PAYLOAD_NOT_JOINED', { step: 'cgroup', errno: code }, error);
  }
}

/** Is one of them frozen, or about to be (cgroup.freeze, freezer.state)? */
export function isFrozen(folders: readonly string[]): boolean {
  return folders.some(
    (folder) =>
      /^frozen 1$/m.test(read(join(folder, 'cgroup.events'))) ||
      /^FR/.test(read(join(folder, 'freezer.state'))) ||
      isToFreeze(folder),
  );
}

/** While processes come and go the kernel does not say 'frozen'; what was asked for, it says all the time. */
function isToFreeze(folder: string): boolean {
  // A hierarchy's top has no such file.
  for (let at = folder; existsSync(join(at, 'cgroup.freeze')); at = dirname(at)) {
    if (read(join(at, 'cgroup.freeze')).trim() === '1') return true;
  }
  return false;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
