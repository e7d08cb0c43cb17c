import { may } from './constants.js';
import { minus } from './errno.js';
import type { Inode } from './file-system.js';

/** Who acts, as far as file permissions go (credentials(7): the file system ids). */
export interface Credentials {
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  /** CAP_DAC_READ_SEARCH (or DAC_OVERRIDE, as far as reading goes) is in force. */
  readonly bypassesReads: boolean;
}

/** generic_permission() of fs/namei.c: 0 or -EACCES. */
export function checkPermission(inode: Inode, who: Credentials, wanted: number): number {
  const shift = inode.user === who.user ? 6 : isMember(inode, who) ? 3 : 0;
  if (((inode.mode >> shift) & wanted) === wanted) return 0;
  if (!who.bypassesReads) return minus.EACCES;
  const covered = inode.kind === 'directory' ? (wanted & may.write) === 0 : wanted === may.read;
  return covered ? 0 : minus.EACCES;
}

function isMember(inode: Inode, who: Credentials): boolean {
  return inode.group === who.group || who.groups.includes(inode.group);
}
