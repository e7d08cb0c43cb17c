import { isOpenOfDirectory } from '../../actors/target.js';
import type { Invariant } from '../invariant.js';

/** Safety: what the kernel opens for a target itself waits for nobody, and is in nobody's record. */
export const nativePassesNoHelper: Invariant = {
  id: 'native-passes-no-helper',
  sentence: 'An open that the filter leaves to the kernel is never notified of, whoever serves or does not.',
  begin: (_, broken) => ({
    notified: ({ thread, number, values }) => {
      if (thread.mappedUsers === undefined || !isOpenOfDirectory(number, values)) return;
      broken({ thread: thread.actor, values });
    },
  }),
};
