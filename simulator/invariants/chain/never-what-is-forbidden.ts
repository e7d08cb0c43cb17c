import type { Invariant } from '../invariant.js';
import { forbidden } from './permitted.js';

/** Calls of ports that a strategy alone makes, and that touch a target. */
const acting: Readonly<Record<string, readonly string[]>> = {
  attach: ['seccomp-notify', 'file-handle'],
  'open-shares': ['sidecar-caps'],
  listen: ['sidecar-caps'],
  serve: ['sidecar-caps'],
  identify: ['dispatcher'],
  'start-shim': ['dispatcher'],
  'say-go': ['dispatcher'],
};

/** Safety: the policy of the moment decides, and whoever was not admitted does nothing. */
export const neverWhatIsForbidden: Invariant = {
  id: 'never-what-is-forbidden',
  sentence: 'No strategy serves a target, or begins to, that the policy forbids or that can not hold it.',
  begin: (stage, broken) => {
    let admitted: string | undefined;
    return {
      noted: (_actor, name, { strategy }) => {
        if (name !== 'delegation.admitted') return;
        admitted = strategy as string;
        const why = forbidden(admitted, stage().chain.parts.policyNow());
        if (why !== undefined) broken({ strategy: admitted, why });
      },
      stepped: ({ name, kind, process }) => {
        const whose = kind === 'deputy' ? acting[name] : undefined;
        if (whose === undefined || admitted === undefined || whose.includes(admitted)) return;
        broken({ actor: process.actor, call: name, admitted });
      },
    };
  },
};
