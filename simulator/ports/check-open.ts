import { fileType } from '../../core/ports/kernel.js';
import type { ModelFile } from '../kernel/file-tree.js';
import { flag, no } from '../kernel/numbers.js';

/** Whoever opens, as far as the file is concerned. */
export interface Opener {
  readonly isOwner: boolean;
  readonly mayWrite: boolean;
}

/** What an open finds wrong, in the kernel's order (fs/namei.c, do_open(), may_open()): 0 or an errno. */
export function checkOpen(file: ModelFile, flags: number, isReadOnly: boolean, who: Opener): number {
  if ((flags & flag.O_DIRECTORY) !== 0 && file.type !== fileType.directory) return no('ENOTDIR');
  if ((flags & flag.O_PATH) !== 0) return 0;
  const access = flags & flag.O_ACCMODE;
  const truncates = (flags & flag.O_TRUNC) !== 0;
  const writes = access !== 0 || truncates;
  if (file.type === fileType.symlink) return no('ELOOP');
  if (file.type === fileType.directory && writes) return no('EISDIR');
  if (truncates && isReadOnly) return no('EROFS');
  if (writes && !who.mayWrite) return no('EACCES');
  if (writes && file.isRunning === true) return no('ETXTBSY');
  if ((flags & flag.O_NOATIME) !== 0 && !who.isOwner) return no('EPERM');
  return writes && isReadOnly ? no('EROFS') : 0;
}
