import type { Invariant } from '../invariant.js';

/** Safety: a number that was used again leads nowhere. */
export const joinsOnlyItsTarget: Invariant = {
  id: 'joins-only-its-target',
  sentence: "No process of deputy's is ever in a container that it was not dispatched to.",
  begin: (stage, broken) => {
    const told = new Set<object>();
    return {
      stepped: () => {
        const { scenario, dispatch } = stage();
        const { started, containers } = dispatch.parts;
        const meant = new Set(scenario.targets.map(({ name }) => name));
        for (const [id, { lives }] of containers) {
          if (meant.has(id)) continue;
          for (const process of started) {
            const isIn = lives.some(({ init }) => init.namespaces.mnt === process.namespaces.mnt);
            if (!isIn || told.has(process)) continue;
            told.add(process);
            broken({ process: process.actor, in: id });
          }
        }
      },
    };
  },
};
