import type { Evaluate, PodSecurityCheck } from '../check.js';
import { unlessInUserNamespace } from '../exemptions.js';
import { settersOf } from '../setters.js';
import { namedContainers } from '../wording.js';

/** Containers must be bound to run as another user than root. */
export const runAsNonRoot: PodSecurityCheck = {
  id: 'runAsNonRoot',
  level: 'restricted',
  revisions: [
    { sinceMinor: 0, evaluate: demandsNonRoot() },
    { sinceMinor: 35, evaluate: unlessInUserNamespace(demandsNonRoot()) },
  ],
};

/** User 0 may not be asked for, also where the image's own user would have been refused anyway. */
export const runAsUser: PodSecurityCheck = {
  id: 'runAsUser',
  level: 'restricted',
  revisions: [
    { sinceMinor: 23, evaluate: forbidsUserZero() },
    { sinceMinor: 35, evaluate: unlessInUserNamespace(forbidsUserZero()) },
  ],
};

function demandsNonRoot(): Evaluate {
  return (pod) => {
    const { bad, badFields, open, openFields } = settersOf(pod, {
      path: 'runAsNonRoot',
      ofPod: (context) => context.runAsNonRoot,
      ofContainer: (context) => context.runAsNonRoot,
      isAllowed: (nonRoot) => nonRoot,
    });
    const reason = 'runAsNonRoot != true';
    if (bad.length > 0) {
      const detail = `${bad.join(' and ')} must not set securityContext.runAsNonRoot=false`;
      return { reason, detail, fields: badFields };
    }
    if (open.length === 0) return undefined;
    const detail = `pod or ${namedContainers(open)} must set securityContext.runAsNonRoot=true`;
    return { reason, detail, fields: openFields };
  };
}

function forbidsUserZero(): Evaluate {
  return (pod) => {
    const { bad, badFields } = settersOf(pod, {
      path: 'runAsUser',
      ofPod: (context) => context.runAsUser,
      ofContainer: (context) => context.runAsUser,
      isAllowed: (user) => user !== 0,
    });
    if (bad.length === 0) return undefined;
    return {
      reason: 'runAsUser=0',
      detail: `${bad.join(' and ')} must not set runAsUser=0`,
      fields: badFields,
    };
  };
}
