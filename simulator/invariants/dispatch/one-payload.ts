import type { ContainerLife } from '../../actors/dispatch/container.js';
import type { Invariant, Stage } from '../invariant.js';
import { diedWithTheEnd } from './end-is-learnt.js';

/** Those of a container's life that are the payload, or wait to become it. */
function candidatesOf({ dispatch }: Stage, life: ContainerLife): string[] {
  return [...dispatch.parts.started]
    .filter(({ space, state, actor }) => {
      return space === life.init.space && state === 'running' && actor.startsWith('payload-');
    })
    .map(({ actor }) => actor);
}

/** The end of this life's payload is said not to be had, or it is lost: a dispatch begins anew. */
function isGivenUp(stage: Stage, { init }: ContainerLife, containerId: string): boolean {
  if (diedWithTheEnd(stage, containerId)) return true;
  const { logs } = stage.dispatch.parts.folders.of(containerId, init.startTime);
  return logs.some((log) => log.toldEnds.some(({ kind }) => kind === 'unknown'));
}

/** Safety: one delegation, one payload: none beside it, not even one that waits, and none behind it. */
export const onePayload: Invariant = {
  id: 'one-payload',
  sentence: "In each life of a container one payload is executed, and nobody else's waits to be.",
  begin: (stage, broken) => {
    let looked = 0;
    const told = new Set<ContainerLife>();
    return {
      stepped: () => {
        const { started, containers, payloads } = stage().dispatch.parts;
        // What was there before was looked at.
        const count = started.size + payloads.length;
        if (count === looked) return;
        looked = count;
        for (const [id, { lives }] of containers) {
          const life = lives.at(-1);
          if (life === undefined || told.has(life)) continue;
          const beside = candidatesOf(stage(), life);
          const executed = payloads.filter((one) => one.life === life && one.isExecuted);
          const again = payloads.findLast((one) => one.life === life);
          const isAgain = executed.some((one) => one !== again) && !isGivenUp(stage(), life, id);
          if (beside.length < 2 && !isAgain) continue;
          told.add(life);
          broken(beside.length > 1 ? { beside } : { again: again?.process.actor });
        }
      },
    };
  },
};
