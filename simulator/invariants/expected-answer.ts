import type { PolicyFields } from '../../core/policy/schema.js';
import { sealBytes, sealOffset } from '../../core/seals/seal-layout.js';
import { type ModelFile, type ModelMount, modelHandleBytes } from '../kernel/file-tree.js';
import type { Kernel } from '../kernel/kernel.js';
import { AT_FDCWD, flag, no } from '../kernel/numbers.js';
import { OpenFile } from '../kernel/open-description.js';
import type { CallRegisters, ModelThread } from '../kernel/process.js';

const maximumHandleBytes = 128;
const O_TMPFILE_BIT = 0o20000000;
const type = { directory: 4, regular: 8, symlink: 10, socket: 12 } as const;
const R_OK = 4;
const W_OK = 2;
const X_OK = 1;

/** What a privileged caller would get within the policy: an errno, or a descriptor of a file. */
export type Expected =
  | { readonly errnos: readonly number[] }
  | { readonly file: ModelFile; readonly mountId: number; readonly flags: number; readonly path: PathKind };

/** O_PATH was not asked for; or it was, and a plain descriptor may stand in for it, or may not. */
export type PathKind = 'plain' | 'may-be-plain' | 'exact';

type Policy = Pick<PolicyFields, 'filesystems' | 'shares' | 'dac' | 'opath' | 'confinement'>;

/**
 * open_by_handle_at(2), from fs/fhandle.c and fs/namei.c and the policy alone: written without a look at the
 * handlers, so that it can judge them.
 */
export function expectedOpen(
  kernel: Kernel,
  thread: ModelThread,
  { values }: CallRegisters,
  policy: Policy,
  isOpenable: (handle: GivenBytes, mount: ModelMount) => boolean,
): Expected {
  const [descriptor = 0, pointer = 0, flags = 0] = values;
  const header = thread.process.memory.view(pointer, 8);
  if (header === undefined || header.length < 8) return errno('EFAULT');
  const words = new DataView(header.buffer, header.byteOffset);
  const bytes = words.getUint32(0, true);
  if (bytes === 0 || bytes > maximumHandleBytes || words.getInt32(4, true) < 0) return errno('EINVAL');
  const mount = mountOf(kernel, thread, descriptor);
  if (mount === undefined) return errno('EBADF');
  if (!isShared(mount, policy)) return errno('EPERM');
  if (policy.confinement === 'filesystem' && mount.root !== '/') return errno('EPERM');
  const isPath = (flags & flag.O_PATH) !== 0;
  if (!isPath && (flags & (flag.O_CREAT | O_TMPFILE_BIT)) !== 0) return errno('EINVAL');
  const handle = thread.process.memory.view(pointer + 8, bytes);
  if (handle === undefined || handle.length < bytes) return errno('EFAULT');
  if (policy.confinement === 'filesystem' && mount.isWhole === false) return errno('EPERM');
  const isSealed = policy.confinement === 'sealed';
  if (isSealed && !isOpenable({ bytes: handle, type: words.getInt32(4, true) }, mount))
    return errno('ESTALE');
  if (bytes < 8) return errno('ESTALE');
  const at = new DataView(handle.buffer, handle.byteOffset);
  const file = kernel.files.decode(mount.device, at.getUint32(0, true), at.getUint32(4, true));
  if (file === undefined) return errno('ESTALE');
  const expected = isPath
    ? expectedPath(file, mount, thread.user, flags, policy)
    : expectedPlain(file, mount, thread.user, flags, policy);
  if (!isSealed || handle[handle.length - sealBytes + sealOffset.fileType] === file.type) return expected;
  // Another file has the handle's number: nothing of what it is may be given away.
  const writes = (flags & (flag.O_ACCMODE | flag.O_TRUNC)) !== 0;
  const others = 'errnos' in expected ? expected.errnos : [];
  return { errnos: [no('ESTALE'), ...others.filter((one) => writes || one !== no('EACCES'))] };
}

/** A handle as it stands in a caller's memory behind its header. */
export interface GivenBytes {
  readonly type: number;
  readonly bytes: Uint8Array;
}

function expectedPath(
  file: ModelFile,
  mount: ModelMount,
  user: number,
  flags: number,
  { opath }: Policy,
): Expected {
  const wantsDirectory = (flags & flag.O_DIRECTORY) !== 0;
  if (wantsDirectory && file.type !== type.directory) return errno('ENOTDIR');
  const isOrdinary = file.type === type.regular || file.type === type.directory;
  const mayStandIn = opath === 'fast' && isOrdinary && may(file, user, R_OK);
  return { file, mountId: mount.mountId, flags, path: mayStandIn ? 'may-be-plain' : 'exact' };
}

function expectedPlain(
  file: ModelFile,
  mount: ModelMount,
  user: number,
  flags: number,
  { dac }: Policy,
): Expected {
  if (file.type === type.symlink) return errno('ELOOP');
  if ((flags & flag.O_DIRECTORY) !== 0 && file.type !== type.directory) return errno('ENOTDIR');
  if (file.type === type.socket) return errno('ENXIO');
  if (file.type !== type.regular && file.type !== type.directory) return errno('EPERM');
  const access = flags & flag.O_ACCMODE;
  const writes = access !== 0 || (flags & flag.O_TRUNC) !== 0;
  if (file.type === type.directory && writes) return errno('EISDIR');
  const reads = access !== flag.O_WRONLY;
  const isReadRefused = dac === 'enforce' && reads && !may(file, user, R_OK);
  const isRefused = isReadRefused || (writes && !may(file, user, W_OK));
  const errnos: number[] = [];
  if (isRefused) errnos.push(no('EACCES'));
  if (writes && mount.isReadOnly) errnos.push(no('EROFS'));
  if (errnos.length > 0) return { errnos };
  return { file, mountId: mount.mountId, flags, path: 'plain' };
}

/** How many bytes a handle of the model has that name_to_handle_at(2) gives through this mount. */
export function namedBytes(mount: ModelMount | undefined, policy: Policy): number {
  const isSealed = policy.confinement === 'sealed' && mount !== undefined && isShared(mount, policy);
  return modelHandleBytes + (isSealed ? sealBytes : 0);
}

/** name_to_handle_at(2) of a name: what it returns. */
export function expectedName(
  kernel: Kernel,
  thread: ModelThread,
  { values }: CallRegisters,
  policy: Policy,
): Expected {
  const [descriptor = 0, path = 0, handle = 0] = values;
  const bytes = thread.process.memory.view(path, 4096);
  const end = bytes?.indexOf(0) ?? -1;
  if (bytes === undefined || end < 0) return errno('EFAULT');
  const file = kernel.files.named(String.fromCharCode(...bytes.subarray(0, end)));
  if (file === undefined) return errno('ENOENT');
  const folder = file.folder === undefined ? undefined : kernel.files.named(file.folder);
  if (folder !== undefined && !may(folder, thread.user, X_OK)) return errno('EACCES');
  const header = thread.process.memory.view(handle, 8);
  if (header === undefined || header.length < 8) return errno('EFAULT');
  const room = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
  if (room > maximumHandleBytes) return errno('EINVAL');
  const needed = namedBytes(mountOf(kernel, thread, descriptor), policy);
  return { errnos: [room < needed ? no('EOVERFLOW') : 0] };
}

/** The mount that a caller's descriptor is on. */
export function mountOf(kernel: Kernel, thread: ModelThread, descriptor: number): ModelMount | undefined {
  if (descriptor === AT_FDCWD) return kernel.files.mounts.get(thread.workingMount);
  const held = thread.process.table.at(descriptor);
  return held instanceof OpenFile && !held.pathOnly ? kernel.files.mounts.get(held.mountId) : undefined;
}

/** Does the policy let this mount be used? */
export function isShared(mount: ModelMount, { filesystems, shares }: Policy): boolean {
  if (!filesystems.includes(mount.fileSystemType)) return false;
  return shares === 'all' || shares.some(({ path }) => path === mount.mountPoint);
}

function may(file: ModelFile, user: number, mode: number): boolean {
  const bits = file.user === user ? file.mode >> 6 : file.mode;
  return (bits & mode) === mode;
}

function errno(name: Parameters<typeof no>[0]): Expected {
  return { errnos: [no(name)] };
}
