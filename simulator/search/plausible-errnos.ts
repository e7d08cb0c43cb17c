import type { ErrnoName } from '../../core/errors/errno.js';

/**
 * What a kernel in need gives at a step, of the errnos that the target may see for it (open_by_handle_at(2),
 * open(2), seccomp_unotify(2)). Others would say that the target did something wrong, and be no answer of a
 * kernel that it asked itself. A mount that can't be reached is deputy's own refusal, EPERM with a reason.
 */
export const plausibleErrnos: Readonly<Record<string, readonly ErrnoName[]>> = {
  'open-probe': ['ENOMEM', 'ENFILE', 'EIO', 'ESTALE'],
  'describe-file': ['EIO', 'ENOMEM'],
  'note-file': ['EIO', 'ENOMEM'],
  'check-truncated': ['EIO', 'ENOMEM'],
  'check-access': ['EIO', 'ENOMEM'],
  open: ['ENOMEM', 'ENFILE', 'EIO', 'ENOSPC', 'ETXTBSY'],
  'add-descriptor': ['EMFILE', 'ENOMEM'],
  'open-path': ['ENOMEM', 'EIO'],
  'encode-handle': ['EOPNOTSUPP', 'ESTALE'],
};
