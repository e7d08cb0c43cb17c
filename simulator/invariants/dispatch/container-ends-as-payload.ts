import type { Invariant } from '../invariant.js';

/** Safety: what a runtime is told of a container is what became of its payload. */
export const containerEndsAsPayload: Invariant = {
  id: 'container-ends-as-payload',
  sentence: 'A container that ends by itself ends behind what deputy put into it, and with the code of that.',
  begin: (stage, broken) => ({
    finished: () => {
      const { containers, started } = stage().dispatch.parts;
      for (const { lives } of containers.values()) {
        for (const life of lives) {
          const { status, state } = life.init;
          if (state === 'running' || status === undefined || (status & 0x7f) !== 0) continue;
          // Its life hangs on the process that was named, from before that is the payload.
          const named = [...started].filter(
            (one) => one.space === life.init.space && one.actor.startsWith('payload'),
          );
          const codes = named.filter((one) => one.state !== 'running').map((one) => codeOf(one.status));
          if (!codes.includes(status >> 8)) broken({ container: life.init.actor, code: status >> 8, codes });
        }
      }
    },
  }),
};

function codeOf(status = 0): number {
  const signal = status & 0x7f;
  return signal === 0 ? status >> 8 : 128 + signal;
}
