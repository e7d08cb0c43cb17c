import type { Invariant } from '../invariant.js';
import { isKilled } from './payload-end.js';

/** Safety: success is told behind the execution, not before it, and of the payload that it is of. */
export const successIsExecution: Invariant = {
  id: 'success-is-execution',
  sentence: 'A dispatch that says it serves has a payload that was executed, and is attached to it.',
  begin: (stage, broken) => ({
    noted: (actor, name) => {
      if (name !== 'delegation.active') return;
      const { operators, parts } = stage().dispatch;
      const deputy = operators.flatMap(({ deputies }) => deputies).find(({ self }) => self.actor === actor);
      const number = deputy?.work.session?.processNumber;
      const { hostSpace } = parts.tree;
      const own = parts.payloads.filter(
        ({ process, containerId }) =>
          containerId === deputy?.containerId && process.numberIn(hostSpace) === number,
      );
      // One that is killed before it could looks to everybody as if it had.
      if (!own.some((one) => one.isExecuted || isKilled(one))) broken({ deputy: actor });
    },
  }),
};
