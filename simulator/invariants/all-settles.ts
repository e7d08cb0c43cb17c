import type { Invariant } from './invariant.js';

/** Liveness: after the last fault the world heals. */
export const allSettles: Invariant = {
  id: 'all-settles',
  sentence:
    'When nothing goes wrong any more somebody serves, nothing is under way, and the store has it all.',
  begin: (stage, broken) => ({
    finished: () => {
      const { cast } = stage();
      const { active } = cast.agent;
      if (cast.targets.some(({ isDone }) => !isDone)) return;
      if (active === undefined) return broken({ missing: 'a supervisor that serves' });
      if (!active.isServing)
        return broken({ missing: 'the end of its take-over', who: active.parts.process.actor });
      if (!active.loop.isIdle) broken({ missing: 'the end of a request', who: active.parts.process.actor });
      if (!active.publisher.isIdle)
        broken({ missing: 'events in the store', who: active.parts.process.actor });
    },
  }),
};
