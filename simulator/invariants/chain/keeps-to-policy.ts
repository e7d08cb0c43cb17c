import type { Invariant } from '../invariant.js';
import { serving } from './one-serves.js';
import { forbidden } from './permitted.js';

/** Those that answer the same listener, so that one can take the other's place while the target runs. */
const answerers: readonly string[] = ['seccomp-notify', 'file-handle'];

/** Liveness: a policy that is read again decides who answers a listener, and not only the next one. */
export const keepsToPolicy: Invariant = {
  id: 'keeps-to-policy',
  sentence: 'In the end no listener is answered by a strategy that the policy forbids, where another may.',
  begin: (stage, broken) => {
    let admitted = '';
    const failed = new Set<unknown>();
    return {
      noted: (_actor, name, { strategy, from, code }) => {
        if (name === 'delegation.admitted') admitted = strategy as string;
        if (name === 'delegation.fellback' && code !== 'DEPUTY_E_STRATEGY_FORBIDDEN') failed.add(from);
      },
      finished: () => {
        const { chain } = stage();
        const policy = chain.parts.policyNow();
        if (!serving(chain).includes('listener') || forbidden(admitted, policy) === undefined) return;
        const able = answerers.filter(
          (name) => name !== admitted && !failed.has(name) && forbidden(name, policy) === undefined,
        );
        if (able.length > 0) broken({ admitted, able });
      },
    };
  },
};
