import { OpenFile } from '../../kernel/open-description.js';
import type { Invariant } from '../invariant.js';

/** Liveness and safety at the end: a broker serves, and neither side keeps what was opened for a call. */
export const brokerSettles: Invariant = {
  id: 'broker-settles',
  sentence: 'In the end a broker serves, all is told of, and it keeps nothing open but its shares.',
  begin: (stage, broken) => ({
    finished: () => {
      const { broker: cast } = stage();
      if (cast.targets.some(({ isDone }) => !isDone)) return;
      const { broker } = cast;
      if (broker === undefined || !broker.isIdle) return broken({ missing: 'a broker that serves' });
      const held = broker.process.table
        .entries()
        .filter(
          ([, { description }]) => description instanceof OpenFile && description.pathOnly !== undefined,
        )
        .map(([, { description }]) => description as OpenFile)
        .filter(({ file }) => !file.name.startsWith('root of mount'));
      if (held.length > 0) broken({ broker: broker.process.actor, held: held.map(({ file }) => file.name) });
      for (const { process, known, initial } of cast.targets) {
        if (!process.alive) continue;
        const strays = process.table
          .entries()
          .filter(
            ([number, { description }]) =>
              description instanceof OpenFile && !known.has(number) && !initial.has(number),
          );
        if (strays.length > 0) broken({ target: process.actor, strays: strays.map(([number]) => number) });
      }
    },
  }),
};
