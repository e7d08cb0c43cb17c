import { may, openFlag } from './constants.js';
import type { OpenFile } from './descriptor-table.js';
import { minus, modelGap } from './errno.js';
import type { Location } from './mounts.js';
import { type Credentials, checkPermission } from './permissions.js';

/** What O_PATH leaves of the flags (open(2)). */
const keptByPath = openFlag.path | openFlag.directory | openFlag.noFollow | openFlag.closeOnExec;
const special = new Set(['fifo', 'character-device', 'block-device', 'socket']);

/**
 * Opens what a handle or a descriptor names, in the order of do_open() and may_open() of fs/namei.c: the file, or
 * minus an errno. O_TRUNC empties a regular file.
 */
export function openLocation(location: Location, flags: number, who: Credentials): OpenFile | number {
  const { inode } = location;
  if ((flags & openFlag.directory) !== 0 && inode.kind !== 'directory') return minus.ENOTDIR;
  if ((flags & openFlag.path) !== 0) {
    return { location, flags: flags & keptByPath & ~openFlag.closeOnExec, isPath: true };
  }
  if ((flags & (openFlag.create | (openFlag.temporaryFile & ~openFlag.directory))) !== 0) {
    modelGap('opening by handle with flags that create');
  }
  const truncates = (flags & openFlag.truncate) !== 0;
  if (truncates && inode.kind === 'regular' && location.mount.readOnly) return minus.EROFS;
  const refusal = refuseByType(location, flags) || checkPermission(inode, who, accessOf(flags));
  if (refusal !== 0) return refusal;
  const notOwner = who.user !== inode.user && who.user !== 0;
  if ((flags & openFlag.noAccessTime) !== 0 && notOwner) return minus.EPERM;
  const access = flags & openFlag.accessMode;
  const writes = access === openFlag.writeOnly || access === openFlag.readWrite;
  if (writes && location.mount.readOnly && !special.has(inode.kind)) return minus.EROFS;
  if (inode.kind === 'socket') return minus.ENXIO;
  if (special.has(inode.kind)) modelGap(`opening a ${inode.kind}`);
  if (truncates) inode.content = '';
  const dropped = openFlag.closeOnExec | openFlag.truncate;
  return { location, flags: flags & ~dropped, isPath: false };
}

/** MAY_READ and MAY_WRITE of an open's flags; access mode 3 asks for both. */
export function accessOf(flags: number): number {
  const byMode = [may.read, may.write, may.read | may.write, may.read | may.write];
  const asked = byMode[flags & openFlag.accessMode] as number;
  return (flags & openFlag.truncate) === 0 ? asked : asked | may.write;
}

function refuseByType({ inode, mount }: Location, flags: number): number {
  if (inode.kind === 'symlink') return minus.ELOOP;
  if (inode.kind === 'directory' && (accessOf(flags) & may.write) !== 0) return minus.EISDIR;
  const isDevice = inode.kind === 'character-device' || inode.kind === 'block-device';
  return isDevice && mount.noDevices ? minus.EACCES : 0;
}

/** access(2) of an open file: 0 or minus an errno. */
export function checkAccessOf({ inode, mount }: Location, wanted: number, who: Credentials): number {
  const refusal = checkPermission(inode, who, wanted);
  if (refusal !== 0 || (wanted & may.write) === 0 || special.has(inode.kind)) return refusal;
  return mount.readOnly ? minus.EROFS : 0;
}
