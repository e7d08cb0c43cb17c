import type { Invariant } from '../invariant.js';

/** Safety: one delegation, one payload. */
export const onePayload: Invariant = {
  id: 'one-payload',
  sentence: 'A container never has two payloads of one delegation at a time.',
  begin: (stage, broken) => {
    let looked = 0;
    return {
      stepped: () => {
        const { payloads } = stage().dispatch.parts;
        if (payloads.length === looked) return;
        looked = payloads.length;
        const last = payloads.at(-1);
        const alive = payloads.filter(
          ({ life, process }) => life === last?.life && process.state === 'running',
        );
        if (alive.length > 1) broken({ payloads: alive.map(({ process }) => process.actor) });
      },
    };
  },
};
