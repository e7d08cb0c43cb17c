import type { Invariant } from '../invariant.js';

/** Liveness: a container does not outlive what it is for. */
export const containerEndsWithPayload: Invariant = {
  id: 'container-ends-with-payload',
  sentence: 'A container whose payload has ended ends as well.',
  begin: (stage, broken) => ({
    finished: () => {
      const { scenario, dispatch } = stage();
      // Without a placeholder it has a life of its own.
      if (!scenario.dispatch.placeholder) return;
      const { payloads } = dispatch.parts;
      for (const { life, process, isExecuted } of payloads) {
        const hasEnded = process.state !== 'running' && isExecuted;
        if (hasEnded && life.init.state === 'running') broken({ container: life.init.actor });
      }
    },
  }),
};
