import { askedCapabilities } from '../../actors/dispatch/dispatch-cast.js';
import type { Invariant } from '../invariant.js';

/** Safety: what a process of the target could see or reach has no privilege to be taken. */
export const withinCapabilities: Invariant = {
  id: 'within-capabilities',
  sentence:
    "No process of deputy's that can be seen in a target's pid namespace holds more than what was asked for.",
  begin: (stage, broken) => {
    const told = new Set<object>();
    return {
      stepped: () => {
        const { parts } = stage().dispatch;
        const asked = askedCapabilities(parts);
        for (const process of parts.started) {
          const isSeen = process.state === 'running' && process.space !== parts.tree.hostSpace;
          if (!isSeen || told.has(process) || process.sets.all.every((set) => (set & ~asked) === 0n))
            continue;
          told.add(process);
          broken({ process: process.actor, holds: process.sets.all.map((set) => set.toString(16)) });
        }
      },
    };
  },
};
