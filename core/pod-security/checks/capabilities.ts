import type { Evaluate, FieldProblem, PodSecurityCheck } from '../check.js';
import { unlessWindows } from '../exemptions.js';
import type { PlacedContainer } from '../pod.js';
import { containersFinding } from '../setters.js';
import { forbidden, namedContainers, quoted, required, sortedSet } from '../wording.js';

/** What container runtimes give by default, but for NET_RAW. */
const defaultCapabilities: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

const restrictedCapabilities: ReadonlySet<string> = new Set(['NET_BIND_SERVICE']);

/** No capability beyond the default ones may be added. */
export const capabilitiesBaseline: PodSecurityCheck = {
  id: 'capabilities_baseline',
  level: 'baseline',
  revisions: [
    {
      sinceMinor: 0,
      evaluate: (pod) => {
        const adding = containersAdding(pod.containers, defaultCapabilities);
        return containersFinding(adding, () => ({
          reason: 'non-default capabilities',
          detail: addingText(adding),
        }));
      },
    },
  ],
};

/** All capabilities must be dropped, and only NET_BIND_SERVICE may be added back. */
export const capabilitiesRestricted: PodSecurityCheck = {
  id: 'capabilities_restricted',
  level: 'restricted',
  revisions: [
    { sinceMinor: 22, evaluate: dropsAll(), overrides: ['capabilities_baseline'] },
    { sinceMinor: 25, evaluate: unlessWindows(dropsAll()), overrides: ['capabilities_baseline'] },
  ],
};

interface AddingContainer {
  readonly name: string;
  readonly added: readonly string[];
  readonly fields: readonly FieldProblem[];
}

function dropsAll(): Evaluate {
  return (pod) => {
    const keeping = pod.containers.flatMap(({ name, path, securityContext }) => {
      const drop = securityContext?.capabilities?.drop ?? [];
      if (drop.includes('ALL')) return [];
      const field = `${path}.securityContext.capabilities.drop`;
      return [{ name, fields: [drop.length === 0 ? required(field) : forbidden(field, drop)] }];
    });
    const adding = containersAdding(pod.containers, restrictedCapabilities);
    const details = [
      ...(keeping.length > 0 ? [keepingText(keeping.map(({ name }) => name))] : []),
      ...(adding.length > 0 ? [addingText(adding)] : []),
    ];
    return containersFinding([...keeping, ...adding], () => ({
      reason: 'unrestricted capabilities',
      detail: details.join('; '),
    }));
  };
}

function keepingText(names: readonly string[]): string {
  return `${namedContainers(names)} must set securityContext.capabilities.drop=["ALL"]`;
}

function addingText(adding: readonly AddingContainer[]): string {
  const names = namedContainers(adding.map(({ name }) => name));
  const capabilities = quoted(sortedSet(adding.flatMap(({ added }) => added)));
  return `${names} must not include ${capabilities} in securityContext.capabilities.add`;
}

/** Names are compared as they are: 'chown' and 'CAP_CHOWN' are not CHOWN to Kubernetes. */
function containersAdding(
  containers: readonly PlacedContainer[],
  allowed: ReadonlySet<string>,
): AddingContainer[] {
  return containers.flatMap(({ name, path, securityContext }) => {
    const added = (securityContext?.capabilities?.add ?? []).filter((word) => !allowed.has(word));
    if (added.length === 0) return [];
    const field = `${path}.securityContext.capabilities.add`;
    return [{ name, added, fields: [forbidden(field, sortedSet(added))] }];
  });
}
