import type { Invariant } from '../invariant.js';

/** Safety: what is executed is what the flags were made for. */
export const programFitsItsFlags: Invariant = {
  id: 'program-fits-its-flags',
  sentence: 'The program that runs is the one that deputy opened and whose flags it gave.',
  begin: (stage, broken) => ({
    finished: () => {
      for (const { process, version, flagsVersion, isExecuted } of stage().dispatch.parts.payloads) {
        if (isExecuted && version !== flagsVersion) broken({ payload: process.actor, version, flagsVersion });
      }
    },
  }),
};
