import type { ContainerLife } from '../../actors/dispatch/container.js';
import type { Invariant, Stage } from '../invariant.js';
import { endAsText, isKilled, statusText } from './payload-end.js';

const unknown = 'unknown';

/** What was told of the payloads of one life of a container: by events, by exit codes, and on stderr. */
function toldOf({ dispatch }: Stage, { init }: ContainerLife, containerId: string) {
  const own = dispatch.operators.filter(({ container }) => container.id === containerId);
  const texts = (ends: (typeof own)[number]['learned']): string[] =>
    ends.filter(({ startTime }) => startTime === init.startTime).map(({ end }) => endAsText(end));
  const { logs } = dispatch.parts.folders.of(containerId, init.startTime);
  return {
    byEvent: logs.flatMap((log) => log.toldEnds.map(endAsText)),
    byExit: own.map(({ learned }) => texts(learned).filter((text) => text !== unknown)),
    bySaying: own.flatMap(({ said }) => texts(said)),
    isUnknown: own.some(({ learned }) => texts(learned).includes(unknown)),
  };
}

/** The ends that there were. One that never was executed had none of its own, unless it was killed. */
function endsOf({ dispatch }: Stage, life: ContainerLife) {
  const own = dispatch.parts.payloads.filter((one) => one.life === life && one.process.state !== 'running');
  const text = ({ process }: (typeof own)[number]): string => statusText(process.status ?? 0);
  return {
    possible: own.filter((one) => one.isExecuted || isKilled(one)).map(text),
    needed: own.filter(({ isExecuted }) => isExecuted).map(text),
  };
}

/** Was a shim of this life's killed, and did one know an end? It is on record from then on. */
function shimsOf({ dispatch }: Stage, { init }: ContainerLife, containerId: string) {
  const { folders, shims } = dispatch.parts;
  const folder = folders.of(containerId, init.startTime);
  const own = shims.filter((one) => one.folder === folder);
  const isKilledOne = ({ self }: (typeof own)[number]): boolean => ((self.status ?? 0) & 0x7f) !== 0;
  return {
    wasOneKilled: own.some(isKilledOne),
    didOneKnow: own.some((one) => one.shim.knownEnd !== undefined),
  };
}

/** The record of a killed shim was taken by a dispatch that was killed, too. */
export function diedWithTheEnd({ dispatch }: Stage, containerId: string): boolean {
  const own = dispatch.operators.filter(({ container }) => container.id === containerId);
  return own.some(({ deputies }) => deputies.some((deputy) => deputy.diedWithTheEnd));
}

/**
 * Safety: nothing is invented, and no caller is told twice; liveness: every end is an event, and the exit
 * code of a command, or said to be unknown where whoever knew it was killed.
 */
export const endIsLearnt: Invariant = {
  id: 'end-is-learnt',
  sentence: 'How a payload ended is learnt truly, by an event and once by its caller, or said to be unknown.',
  begin: (stage, broken) => ({
    finished: () => {
      const { containers, scenario } = stage().dispatch.parts;
      for (const [id, { lives }] of containers) {
        for (const life of lives) {
          const { possible, needed } = endsOf(stage(), life);
          const { byEvent, byExit, bySaying, isUnknown } = toldOf(stage(), life, id);
          const { wasOneKilled, didOneKnow } = shimsOf(stage(), life, id);
          const told = [...byEvent, ...byExit.flat(), ...bySaying].filter((text) => text !== unknown);
          const invented = told.filter((text) => !possible.includes(text));
          if (invented.length > 0) broken({ invented, possible });
          const twice = byExit.find((texts) => texts.length > possible.length);
          if (twice !== undefined) broken({ twice });
          if (isUnknown && !wasOneKilled) broken({ unknown: possible });
          // Whoever holds the pidfd when it is reaped is told by the kernel, and nobody after that.
          if (wasOneKilled && !didOneKnow) continue;
          for (const end of needed) {
            if (!byEvent.includes(end)) broken({ noEvent: end });
            // A shim that was killed can't see whether whoever came behind it lived to tell.
            if (diedWithTheEnd(stage(), id)) continue;
            // One that follows its container tells of all lives by events, and exits once.
            if (scenario.dispatch.follows) continue;
            if (!byExit.flat().includes(end) && !bySaying.includes(end)) broken({ neverTold: end });
          }
        }
      }
    },
  }),
};
