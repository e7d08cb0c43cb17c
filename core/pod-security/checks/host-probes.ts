import type { PodSecurityCheck } from '../check.js';
import type { PlacedContainer } from '../pod.js';
import { containersFinding } from '../setters.js';
import { forbidden, namedContainers, numbered, quoted, sortedSet } from '../wording.js';

/** A probe or a lifecycle handler may not have the kubelet connect to another host than the pod. */
export const hostProbesAndHostLifecycle: PodSecurityCheck = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 34,
      evaluate: ({ containers }) => {
        const using = containers
          .map((container) => ({ name: container.name, hosts: hostsOf(container) }))
          .filter(({ hosts }) => hosts.length > 0)
          .map(({ name, hosts }) => ({ name, hosts, fields: hosts.map(asProblem) }));
        const names = sortedSet(using.map(({ name }) => name));
        const hosts = sortedSet(using.flatMap((container) => container.hosts.map(({ host }) => host)));
        return containersFinding(using, () => ({
          reason: 'probe or lifecycle host',
          detail: [
            namedContainers(names),
            numbered(names.length, 'uses', 'use'),
            numbered(hosts.length, 'probe or lifecycle host'),
            quoted(hosts),
          ].join(' '),
        }));
      },
    },
  ],
};

interface PlacedHost {
  readonly path: string;
  readonly host: string;
}

function asProblem({ path, host }: PlacedHost) {
  return forbidden(path, host);
}

function hostsOf(container: PlacedContainer): PlacedHost[] {
  const handlers = {
    livenessProbe: container.livenessProbe,
    readinessProbe: container.readinessProbe,
    startupProbe: container.startupProbe,
    'lifecycle.postStart': container.lifecycle?.postStart,
    'lifecycle.preStop': container.lifecycle?.preStop,
  };
  return Object.entries(handlers).flatMap(([name, handler]) =>
    (['httpGet', 'tcpSocket'] as const).flatMap((action) => {
      const host = handler?.[action]?.host ?? '';
      return host === '' ? [] : [{ path: `${container.path}.${name}.${action}.host`, host }];
    }),
  );
}
