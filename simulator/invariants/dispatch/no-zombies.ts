import type { Invariant } from '../invariant.js';

/** Longer than anybody takes who reaps as soon as it hears of an end. */
const reapedWithinUs = 1_000_000;

/** Safety: whoever has ended is waited for. */
export const noZombies: Invariant = {
  id: 'no-zombies',
  sentence: 'Whoever has ended is reaped within a second, in a container as outside of it.',
  begin: (stage, broken) => {
    const told = new Set<object>();
    const look = (withinUs: number): void => {
      const { world, dispatch } = stage();
      for (const process of dispatch.parts.tree.all) {
        if (process.state !== 'zombie' || told.has(process)) continue;
        // Nobody reaps who hangs: that is its own trouble.
        const hangs = (process.parent?.process.heldUntilUs ?? 0) > world.nowUs;
        if (hangs || world.nowUs - process.endedAtUs < withinUs) continue;
        told.add(process);
        broken({ zombie: process.actor, parent: process.parent?.actor ?? 'nobody' });
      }
    };
    const lookNow = (): void => look(reapedWithinUs);
    // Calls of payloads are no steps, and time goes on with them as well.
    return { stepped: lookNow, returned: lookNow, finished: () => look(0) };
  },
};
