import { invalidHandleType, type ModelFile, modelHandleBytes, modelHandleType } from './file-tree.js';
import type { Kernel } from './kernel.js';
import { AT_FDCWD, flag, no } from './numbers.js';
import { OpenFile } from './open-description.js';
import { baseOf } from './path-base.js';
import { walkPath } from './path-walk.js';
import type { ModelThread } from './process.js';

const headerBytes = 8;
const directoryType = 4;
/** What F_GETFL shows of an open's flags: those that there are, but for its own alone. */
const shownFlags = 0o35776003;
const maximumHandleBytes = 128;
const validUserFlags = 0x00030000;
const userFlags = 0xffff0000;
const AT_SYMLINK_FOLLOW = 0x400;
const AT_EMPTY_PATH = 0x1000;
const pathLimit = 4096;

/**
 * open_by_handle_at(2) of a caller without CAP_DAC_READ_SEARCH: EPERM, behind the errors that the kernel
 * finds before it looks for the capability (handle_to_path() of fs/fhandle.c).
 */
export function openByHandle(kernel: Kernel, thread: ModelThread, mount: number, pointer: number): number {
  const header = thread.process.memory.view(pointer, headerBytes);
  if (header === undefined || header.length < headerBytes) return no('EFAULT');
  const words = new DataView(header.buffer, header.byteOffset);
  const bytes = words.getUint32(0, true);
  const type = words.getInt32(4, true);
  if (bytes === 0 || bytes > maximumHandleBytes) return no('EINVAL');
  if (type < 0 || (type & userFlags & ~validUserFlags) !== 0) return no('EINVAL');
  const held = thread.table.at(mount | 0);
  const isAnchor = held instanceof OpenFile && !held.pathOnly;
  if ((mount | 0) !== AT_FDCWD && !isAnchor) return no('EBADF');
  if (!thread.holdsReadSearch && isAnchor && isRelaxed(thread))
    return openDirectory(kernel, thread, held.mountId, pointer);
  if (!thread.holdsReadSearch || !isAnchor) return no('EPERM');
  return openHeld(kernel, thread, held.mountId, pointer);
}

/** The same of one with CAP_DAC_READ_SEARCH: reading needs no permission then, writing does. */
function openHeld(kernel: Kernel, thread: ModelThread, mountId: number, pointer: number): number {
  const handle = thread.process.memory.view(pointer, headerBytes + modelHandleBytes);
  if (handle === undefined || handle.length < headerBytes + modelHandleBytes) return no('EFAULT');
  const words = new DataView(handle.buffer, handle.byteOffset);
  const [inode, generation] = [words.getUint32(8, true), words.getUint32(12, true)];
  const device = kernel.files.mounts.get(mountId)?.device ?? 0;
  const file = kernel.files.decode(device, inode, generation);
  if (file === undefined) return no('ESTALE');
  const flags = thread.registers.argument(2);
  if ((flags & flag.O_ACCMODE) !== 0 && !mayAccess(thread, file, 2)) return no('EACCES');
  return thread.table.add(new OpenFile(file, mountId, (flags & flag.O_PATH) !== 0, flags));
}

function isRelaxed({ mappedUsers, registers }: ModelThread): boolean {
  return mappedUsers !== undefined && (registers.argument(2) & flag.O_DIRECTORY) !== 0;
}

/**
 * The relaxation of Linux 6.11 (may_decode_fh() of fs/fhandle.c): directories whose owners are mapped, and
 * nothing else. Bytes behind the file system's own are not looked at: a seal is not, nor a missing one.
 */
function openDirectory(kernel: Kernel, thread: ModelThread, mountId: number, pointer: number): number {
  const handle = thread.process.memory.view(pointer, headerBytes + modelHandleBytes);
  if (handle === undefined || handle.length < headerBytes + modelHandleBytes) return no('EFAULT');
  const words = new DataView(handle.buffer, handle.byteOffset);
  const isKnown = words.getUint32(0, true) >= modelHandleBytes && words.getInt32(4, true) === modelHandleType;
  const device = kernel.files.mounts.get(mountId)?.device ?? 0;
  const file = isKnown
    ? kernel.files.decode(device, words.getUint32(8, true), words.getUint32(12, true))
    : undefined;
  if (file?.type !== directoryType || thread.mappedUsers?.has(file.user) !== true) return no('ESTALE');
  const flags = thread.registers.argument(2);
  if ((flags & (flag.O_ACCMODE | flag.O_TRUNC)) !== 0) return no('EISDIR');
  const opened = new OpenFile(file, mountId, (flags & flag.O_PATH) !== 0, flags & shownFlags);
  return thread.table.add(opened, (flags & flag.O_CLOEXEC) !== 0);
}

/** name_to_handle_at(2) with the caller's own rights; it asks for no capability. */
export function nameToHandle(kernel: Kernel, thread: ModelThread): number {
  const { registers, process } = thread;
  const flags = registers.argument(4);
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return no('EINVAL');
  const file = namedFile(kernel, thread, registers.argument(1), flags);
  if (typeof file === 'number') return file;
  const handle = process.memory.view(registers.argument(2), headerBytes + modelHandleBytes);
  if (handle === undefined || handle.length < headerBytes) return no('EFAULT');
  const words = new DataView(handle.buffer, handle.byteOffset, handle.length);
  const room = words.getUint32(0, true);
  if (room > maximumHandleBytes) return no('EINVAL');
  const mountId = process.memory.view(registers.argument(3), 4);
  if (mountId === undefined || mountId.length < 4) return no('EFAULT');
  // Which mount it is on, an answer without room says as well.
  new DataView(mountId.buffer, mountId.byteOffset).setInt32(0, mountOf(thread), true);
  words.setUint32(0, modelHandleBytes, true);
  words.setInt32(4, room < modelHandleBytes ? invalidHandleType : modelHandleType, true);
  if (room < modelHandleBytes) return no('EOVERFLOW');
  if (handle.length < headerBytes + modelHandleBytes) return no('EFAULT');
  words.setUint32(8, file.inode, true);
  words.setUint32(12, file.generation, true);
  return 0;
}

/** The mount of the call's base; what the model's paths name is on the same one. */
function mountOf(thread: ModelThread): number {
  const held = thread.table.at(thread.registers.argument(0) | 0);
  return held instanceof OpenFile ? held.mountId : thread.workingMount;
}

function namedFile(kernel: Kernel, thread: ModelThread, pointer: number, flags: number): ModelFile | number {
  const path = readPath(thread, pointer);
  if (typeof path === 'number') return path;
  if (path === '' && (flags & AT_EMPTY_PATH) === 0) return no('ENOENT');
  const base = baseOf(kernel.files, thread, thread.registers.argument(0) | 0);
  if (base === undefined) return no('EBADF');
  if (path === '') return base.file;
  const may = (file: ModelFile, mode: number): boolean => mayAccess(thread, file, mode);
  return walkPath({ files: kernel.files, ...base, may }, path, (flags & AT_SYMLINK_FOLLOW) !== 0);
}

function readPath(thread: ModelThread, pointer: number): string | number {
  const bytes = thread.process.memory.view(pointer, pathLimit);
  if (bytes === undefined) return no('EFAULT');
  const end = bytes.indexOf(0);
  if (end < 0) return bytes.length < pathLimit ? no('EFAULT') : no('ENAMETOOLONG');
  return String.fromCharCode(...bytes.subarray(0, end));
}

/** Do a user and a group have these rights to a file, by its permission bits alone? */
export function mayAccess(
  { user, group }: { readonly user: number; readonly group: number },
  file: ModelFile,
  mode: number,
): boolean {
  const shift = file.user === user ? 6 : (file.group ?? file.user) === group ? 3 : 0;
  return ((file.mode >> shift) & mode) === mode;
}
