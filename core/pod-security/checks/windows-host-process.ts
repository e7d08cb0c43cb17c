import type { PodSecurityCheck } from '../check.js';
import { settersOf } from '../setters.js';

/** Neither a Windows pod nor a container of it may have processes of the host. */
export const windowsHostProcess: PodSecurityCheck = {
  id: 'windowsHostProcess',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: (pod) => {
        const { bad, badFields } = settersOf(pod, {
          path: 'windowsOptions.hostProcess',
          ofPod: ({ windowsOptions }) => windowsOptions?.hostProcess,
          ofContainer: ({ windowsOptions }) => windowsOptions?.hostProcess,
          isAllowed: (hostProcess) => !hostProcess,
        });
        if (bad.length === 0) return undefined;
        return {
          reason: 'hostProcess',
          detail: `${bad.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`,
          fields: badFields,
        };
      },
    },
  ],
};
