import type { PodSecurityCheck } from '../check.js';
import { containersFinding } from '../setters.js';
import { forbidden, namedContainers, numbered, quoted, sortedSet } from '../wording.js';

/** A pod may not be in the host's namespaces. */
export const hostNamespaces: PodSecurityCheck = {
  id: 'hostNamespaces',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: ({ spec }) => {
        const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
        if (shared.length === 0) return undefined;
        return {
          reason: 'host namespaces',
          detail: shared.map((name) => `${name}=true`).join(', '),
          fields: shared.map((name) => forbidden(`spec.${name}`, true)),
        };
      },
    },
  ],
};

/** No volume may be a directory of the host. */
export const hostPathVolumes: PodSecurityCheck = {
  id: 'hostPathVolumes',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: ({ volumes }) => {
        const ofHost = volumes.filter(({ type }) => type === 'hostPath');
        if (ofHost.length === 0) return undefined;
        return {
          reason: 'hostPath volumes',
          detail: `${numbered(ofHost.length, 'volume')} ${quoted(ofHost.map(({ name }) => name))}`,
          fields: ofHost.map(({ path }) => forbidden(`${path}.hostPath`)),
        };
      },
    },
  ],
};

/** No port of the host may be taken. */
export const hostPorts: PodSecurityCheck = {
  id: 'hostPorts',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: ({ containers }) => {
        const ports: string[] = [];
        const using = containers.flatMap((container) => {
          const fields = (container.ports ?? []).flatMap(({ hostPort = 0 }, index) => {
            if (hostPort === 0) return [];
            ports.push(String(hostPort));
            return [forbidden(`${container.path}.ports[${index}].hostPort`, hostPort)];
          });
          return fields.length === 0 ? [] : [{ name: container.name, fields }];
        });
        const distinct = sortedSet(ports);
        return containersFinding(using, (names) => ({
          reason: 'hostPort',
          detail: [
            namedContainers(names),
            numbered(names.length, 'uses', 'use'),
            numbered(distinct.length, 'hostPort'),
            distinct.join(', '),
          ].join(' '),
        }));
      },
    },
  ],
};
