import { flag } from '../kernel/numbers.js';
import type { Invariant } from './invariant.js';

/** Safety: what others wrote meanwhile must not be gone by a second try. */
export const truncatedOnce: Invariant = {
  id: 'truncated-once',
  sentence: 'O_TRUNC acts at most once for a call, however often the call is tried.',
  begin: (_, broken) => {
    const truncated = new Set<string>();
    return {
      opened: (process, record, file, flags) => {
        if ((flags & flag.O_TRUNC) === 0 || (flags & flag.O_PATH) !== 0) return;
        const name = record.notificationId.toString(16);
        if (truncated.has(name)) broken({ process: process.actor, notification: name, file: file.name });
        truncated.add(name);
      },
    };
  },
};
