import { flag } from '../kernel/numbers.js';
import type { LoopMount } from '../ports/loop-state.js';
import { isShared } from './expected-answer.js';
import type { Invariant } from './invariant.js';

const directory = 4;
const regular = 8;

/** Safety: what deputy opens itself, with its own capability. */
export const nothingForbidden: Invariant = {
  id: 'nothing-forbidden',
  sentence: 'No handle is opened that the policy forbids, nothing but files and folders without O_PATH.',
  begin: (stage, broken) => ({
    opened: (process, record, file, flags) => {
      const { cast } = stage();
      const isPath = (flags & flag.O_PATH) !== 0;
      if (!isPath && file.type !== regular && file.type !== directory) {
        broken({ process: process.actor, file: file.name, flags });
      }
      const target = cast.targets.find((one) =>
        one.process.threads.some(({ threadId }) => threadId === record.threadId),
      );
      if (target === undefined) return;
      const { mount } = record.mount as LoopMount;
      if (!isShared(mount, target.policy)) broken({ process: process.actor, mount: mount.mountPoint });
    },
  }),
};
