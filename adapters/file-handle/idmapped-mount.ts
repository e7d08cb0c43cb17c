import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { openNamespace } from '../linux/namespaces.js';
import { systemCall } from '../linux/native.js';
import { AT_EMPTY_PATH, AT_FDCWD } from '../linux/open-flags.js';
import { nativeProgram } from '../native/native-programs.js';

const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOUNT_ATTR_IDMAP = 0x00100000n;
/** struct mount_attr: attr_set, attr_clr, propagation, userns_fd. */
const mountAttributeBytes = 32;
const pathAt = 64;
const emptyPathAt = 32;
/** PATH_MAX of the kernel, with the NUL. */
const longestPathBytes = 4096;
/** The helper makes three calls and ends itself after 10 s. */
const attachTimeoutMs = 12_000;

export interface IdmappedMountOptions {
  /** A directory, or any place on the file system that is to be given; what is mounted below stays out. */
  readonly source: string;
  /** A process in the user namespace whose ids the files are to have: id N on disk is its id N. */
  readonly processId: number;
}

let memory: NativeMemory | undefined;

function failure(step: string, path: string, errno: number): Error {
  const detail = `${step}: ${errnoText(-errno)}`;
  return deputyError('DEPUTY_E_IDMAPPED_MOUNT', { path, detail });
}

/**
 * Makes a detached mount of a directory whose files have the owners that they have on disk, seen from a user
 * namespace (open_tree(2), mount_setattr(2), MOUNT_ATTR_IDMAP): there the kernel finds them mapped, and opens
 * directories by handle itself. Returns a descriptor that the caller owns; the mount is gone with it unless
 * it is attached. Needs CAP_SYS_ADMIN. Throws DEPUTY_E_IDMAPPED_MOUNT where kernel or file system refuse.
 */
export function idmappedMount({ source, processId }: IdmappedMountOptions): number {
  memory ??= allocate(2 * longestPathBytes);
  if (Buffer.byteLength(source) >= longestPathBytes) throw failure('open_tree', source, -36);
  memory.putString(pathAt, source);
  const { address } = memory;
  const space = openNamespace(processId, 'user');
  if (space < 0) throw failure(`/proc/${processId}/ns/user`, source, space);
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  const tree = systemCall('open_tree', AT_FDCWD, address + pathAt, flags);
  if (tree < 0) {
    systemCall('close', space);
    throw failure('open_tree', source, tree);
  }
  memory.u8.fill(0, 0, pathAt);
  memory.u64[0] = MOUNT_ATTR_IDMAP;
  memory.u64[3] = BigInt(space);
  const empty = address + emptyPathAt;
  const set = systemCall('mount_setattr', tree, empty, AT_EMPTY_PATH, address, mountAttributeBytes);
  systemCall('close', space);
  if (set < 0) {
    systemCall('close', tree);
    throw failure('mount_setattr', source, set);
  }
  return tree;
}

/**
 * Puts a detached mount at a path in a process's mount namespace (move_mount(2)), by a small static program
 * that joins it; the path is walked without symbolic links. The descriptor stays the caller's. Throws
 * DEPUTY_E_IDMAPPED_MOUNT.
 */
export function attachMount(mount: number, processId: number, path: string): void {
  const program = nativeProgram('handle-probe');
  const namespace = openSync(`/proc/${processId}/ns/mnt`, 'r');
  const { stdout, error } = spawnSync(program, ['attach', path], {
    stdio: ['ignore', 'pipe', 'ignore', mount, namespace],
    env: {},
    encoding: 'latin1',
    timeout: attachTimeoutMs,
  });
  systemCall('close', namespace);
  // Null where it could not be started.
  const lines = (stdout ?? '').trim().split('\n');
  const [step = 'start', value = ''] = (lines.at(-1) ?? '').split(' ');
  if (step === 'move_mount' && value === '0') return;
  if (error !== undefined || value === '') {
    const detail = error?.message ?? `the helper ended at ${step}`;
    throw deputyError('DEPUTY_E_IDMAPPED_MOUNT', { path, detail });
  }
  throw failure(step, path, Number(value));
}
