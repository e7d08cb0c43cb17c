import { sharesNamespaces } from '../../processes/join-namespaces.js';
import type { Invariant } from '../invariant.js';

/** Safety: whoever is charged to a target is in it; liveness: nobody stays who is no payload. */
export const nothingHalfJoined: Invariant = {
  id: 'nothing-half-joined',
  sentence:
    "No process of deputy's is charged to a target without being in it, or stays without being a payload.",
  begin: (stage, broken) => {
    const told = new Set<object>();
    return {
      stepped: () => {
        const { started, containers } = stage().dispatch.parts;
        for (const process of started) {
          if (process.state !== 'running' || told.has(process)) continue;
          for (const { lives } of containers.values()) {
            const life = lives.find(({ cgroup }) => cgroup === process.cgroup);
            if (life === undefined || sharesNamespaces(process, life.init)) continue;
            told.add(process);
            broken({ charged: process.actor });
          }
        }
      },
      finished: () => {
        const { started, payloads } = stage().dispatch.parts;
        for (const process of started) {
          if (process.state !== 'running' || payloads.some((one) => one.process === process)) continue;
          broken({ left: process.actor });
        }
      },
    };
  },
};
