import type { Invariant } from '../invariant.js';
import { isKilled } from './payload-end.js';

/** Safety: success is told behind the execution, not before it. */
export const successIsExecution: Invariant = {
  id: 'success-is-execution',
  sentence: 'A dispatch that says it serves has a payload that was executed.',
  begin: (stage, broken) => {
    let checked = 0;
    return {
      stepped: () => {
        const { operators, parts } = stage().dispatch;
        const served = operators.flatMap((operator) => operator.served);
        for (const deputy of served.slice(checked)) {
          const own = parts.payloads.filter(({ containerId }) => containerId === deputy.containerId);
          const isExecuted = own.some((one) => one.isExecuted || isKilled(one));
          if (!isExecuted) broken({ deputy: deputy.self.actor });
        }
        checked = served.length;
      },
    };
  },
};
