import type { Invariant } from '../invariant.js';

/** Safety: a target that is there is found. */
export const foundWhenThere: Invariant = {
  id: 'found-when-there',
  sentence: 'No dispatch fails because its target is unknown, when the runtime knows it.',
  begin: (stage, broken) => ({
    finished: () => {
      for (const { failures, container } of stage().dispatch.operators) {
        const count = failures.filter((code) => code === 'DEPUTY_E_TARGET_UNKNOWN').length;
        if (count > 0) broken({ container: container.id, count });
      }
    },
  }),
};
