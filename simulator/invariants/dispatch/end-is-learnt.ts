import type { ContainerLife } from '../../actors/dispatch/container.js';
import type { ModelPayload } from '../../actors/dispatch/dispatch-parts.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { Invariant, Stage } from '../invariant.js';
import { endAsText, isKilled, statusText } from './payload-end.js';

/** What was told of the payloads of one life of a container: by events, and by exit codes. */
function toldOf({ dispatch }: Stage, life: ContainerLife, containerId: string) {
  const { folders } = dispatch.parts;
  const folder = folders.of(containerId, life.init.startTime);
  const byExit = dispatch.operators
    .filter(({ container }) => container.id === containerId)
    .flatMap(({ learned }) => learned)
    .filter(({ startTime }) => startTime === life.init.startTime)
    .map(({ end }) => endAsText(end));
  return { byEvent: folder.logs.flatMap((log) => log.toldEnds.map(endAsText)), byExit };
}

function textOf({ status = 0 }: TreeProcess): string {
  return statusText(status);
}

/** One that never was executed had no end of its own, unless it was killed. */
function hasEnded(payload: ModelPayload): boolean {
  return payload.process.state !== 'running' && (payload.isExecuted || isKilled(payload));
}

/** Was a shim of this life's killed? */
function lostShim({ dispatch }: Stage, life: ContainerLife, containerId: string): boolean {
  const { folders, shims } = dispatch.parts;
  const own = folders.of(containerId, life.init.startTime);
  return [...shims].some(([{ status = 0 }, folder]) => folder === own && (status & 0x7f) !== 0);
}

/** Safety: nothing is invented, nothing told twice; liveness: everything is told, or that it can't be had. */
export const endIsLearnt: Invariant = {
  id: 'end-is-learnt',
  sentence: 'How a payload ended is learnt truly and once, or said to be unknown.',
  begin: (stage, broken) => ({
    finished: () => {
      const { containers, payloads } = stage().dispatch.parts;
      for (const [id, { lives }] of containers) {
        for (const life of lives) {
          const own = payloads.filter((one) => one.life === life && hasEnded(one));
          const ends = own.map(({ process }) => textOf(process));
          const { byEvent, byExit } = toldOf(stage(), life, id);
          const told = [...byEvent, ...byExit];
          const known = byExit.filter((text) => text !== 'unknown');
          const invented = told.filter((text) => text !== 'unknown' && !ends.includes(text));
          if (invented.length > 0) broken({ invented, ends });
          if (known.length > ends.length) broken({ told: known, ends });
          // Whoever holds the pidfd when it is reaped is told by the kernel, and nobody after that.
          if (lostShim(stage(), life, id) || told.includes('unknown')) continue;
          const needed = own.filter(({ isExecuted }) => isExecuted).map(({ process }) => textOf(process));
          for (const end of needed) if (!told.includes(end)) broken({ neverTold: end });
        }
      }
    },
  }),
};
