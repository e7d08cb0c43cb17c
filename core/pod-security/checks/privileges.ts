import type { Evaluate, PodSecurityCheck } from '../check.js';
import { unlessInUserNamespace, unlessWindows } from '../exemptions.js';
import { containersFinding } from '../setters.js';
import { forbidden, namedContainers, quoted, required, sortedSet } from '../wording.js';

/** No container may be privileged. */
export const privileged: PodSecurityCheck = {
  id: 'privileged',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: ({ containers }) => {
        const bad = containers
          .filter(({ securityContext }) => securityContext?.privileged === true)
          .map(({ name, path }) => ({
            name,
            fields: [forbidden(`${path}.securityContext.privileged`, true)],
          }));
        return containersFinding(bad, (names) => ({
          reason: 'privileged',
          detail: `${namedContainers(names)} must not set securityContext.privileged=true`,
        }));
      },
    },
  ],
};

/** Each container must say that nothing in it may gain privileges. */
export const allowPrivilegeEscalation: PodSecurityCheck = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  revisions: [
    { sinceMinor: 8, evaluate: forbidsEscalation() },
    { sinceMinor: 25, evaluate: unlessWindows(forbidsEscalation()) },
  ],
};

/** What runtimes mask in /proc must stay masked; from 1.35 on not in a user namespace. */
export const procMount: PodSecurityCheck = {
  id: 'procMount',
  level: 'baseline',
  revisions: [
    { sinceMinor: 0, evaluate: keepsProcMasked() },
    { sinceMinor: 35, evaluate: unlessInUserNamespace(keepsProcMasked()) },
  ],
};

/** The same as the baseline's before 1.35, when that began to make an exception. */
export const procMountRestricted: PodSecurityCheck = {
  id: 'procMount_restricted',
  level: 'restricted',
  revisions: [{ sinceMinor: 35, evaluate: keepsProcMasked(), overrides: ['procMount'] }],
};

function forbidsEscalation(): Evaluate {
  return ({ containers }) => {
    const bad = containers.flatMap(({ name, path, securityContext }) => {
      const value = securityContext?.allowPrivilegeEscalation;
      if (value === false) return [];
      const field = `${path}.securityContext.allowPrivilegeEscalation`;
      return [{ name, fields: [value === undefined ? required(field) : forbidden(field, value)] }];
    });
    return containersFinding(bad, (names) => ({
      reason: 'allowPrivilegeEscalation != false',
      detail: `${namedContainers(names)} must set securityContext.allowPrivilegeEscalation=false`,
    }));
  };
}

function keepsProcMasked(): Evaluate {
  return ({ containers }) => {
    const values: string[] = [];
    const bad = containers.flatMap(({ name, path, securityContext }) => {
      const value = securityContext?.procMount;
      if (value === undefined || value === 'Default') return [];
      values.push(value);
      return [{ name, fields: [forbidden(`${path}.securityContext.procMount`, value)] }];
    });
    const forbiddenValues = quoted(sortedSet(values));
    return containersFinding(bad, (names) => ({
      reason: 'procMount',
      detail: `${namedContainers(names)} must not set securityContext.procMount to ${forbiddenValues}`,
    }));
  };
}
