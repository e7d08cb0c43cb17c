import type { Invariant } from '../invariant.js';

/** Liveness: what was locked is free. */
export const noLockLeft: Invariant = {
  id: 'no-lock-left',
  sentence: 'When a payload has ended and somebody has heard how, nobody holds its lock.',
  begin: (stage, broken) => ({
    finished: () => {
      const { folders, payloads, tree } = stage().dispatch.parts;
      if (payloads.some(({ process }) => process.state === 'running')) return;
      for (const { lock } of folders.all) {
        if (lock.holder === undefined) continue;
        const holders = tree.all.filter(({ process }) =>
          process.table.entries().some(([, { description }]) => description === lock.holder),
        );
        broken({ holders: holders.map(({ actor }) => actor) });
      }
    },
  }),
};
