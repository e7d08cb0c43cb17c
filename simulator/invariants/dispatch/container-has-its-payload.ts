import type { Invariant } from '../invariant.js';

/** Liveness: dispatches reach their targets, whatever died, and payloads get to their end. */
export const containerHasItsPayload: Invariant = {
  id: 'container-has-its-payload',
  sentence:
    'When nothing goes wrong any more each container has had its payload, and that has done its work.',
  begin: (stage, broken) => ({
    finished: () => {
      const { scenario, dispatch } = stage();
      // What is not there can't be executed, however often.
      if (scenario.dispatch.program === 'missing') return;
      const { containers, payloads } = dispatch.parts;
      for (const { name } of scenario.targets) {
        const life = containers.get(name)?.current;
        if (life === undefined || life.init.state !== 'running') continue;
        const own = payloads.filter((one) => one.life === life);
        if (own.length === 0) broken({ container: life.init.actor, restartCount: life.restartCount });
        else if (own.some(({ process }) => process.state === 'running')) {
          broken({ container: life.init.actor, waits: own.map(({ process }) => process.actor) });
        }
      }
    },
  }),
};
