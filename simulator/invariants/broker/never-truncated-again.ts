import { flag } from '../../kernel/numbers.js';
import type { Invariant } from '../invariant.js';

/** Safety: a request has one number for its client, whichever broker it is sent to. */
export const neverTruncatedAgain: Invariant = {
  id: 'never-truncated-again',
  sentence:
    'An open with O_TRUNC that may have been done is not asked for again: others may have written since.',
  begin: (_, broken) => {
    const truncated = new Set<bigint>();
    return {
      opened: ({ actor }, record, file, flags) => {
        if ((flags & flag.O_TRUNC) === 0 || (flags & flag.O_PATH) !== 0) return;
        const request = record.notificationId & 0xffff_ffffn;
        if (truncated.has(request)) broken({ broker: actor, file: file.name, request: `${request}` });
        truncated.add(request);
      },
    };
  },
};
