import type { Invariant } from '../invariant.js';

/** Safety: the events of a delegation follow from each other. */
export const dispatchEventsAreLegal: Invariant = {
  id: 'dispatch-events-are-legal',
  sentence: "Each event of a dispatch is one that its delegation's state allows.",
  begin: (stage, broken) => ({
    finished: () => {
      for (const log of stage().dispatch.parts.folders.all.flatMap(({ logs }) => logs)) {
        if (log.illegal.length > 0) broken({ illegal: log.illegal });
      }
    },
  }),
};
