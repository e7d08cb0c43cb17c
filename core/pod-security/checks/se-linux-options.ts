import type { Evaluate, FieldProblem, PodSecurityCheck } from '../check.js';
import type { PlacedContainer, Pod } from '../pod.js';
import { forbidden, namedContainers, numbered, quoted, sortedSet } from '../wording.js';

const typesSince0 = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const typesSince31 = [...typesSince0, 'container_engine_t'];

/** Of SELinux labels only the type may be chosen, among those for containers. */
export const seLinuxOptions: PodSecurityCheck = {
  id: 'seLinuxOptions',
  level: 'baseline',
  revisions: [
    { sinceMinor: 0, evaluate: allowsTypes(typesSince0) },
    { sinceMinor: 31, evaluate: allowsTypes(typesSince31) },
  ],
};

function allowsTypes(allowed: readonly string[]): Evaluate {
  return (pod) => {
    const ofPod = problemsOf('spec', pod.spec.securityContext, allowed);
    const bad = pod.containers
      .map(({ name, path, securityContext }) => ({
        name,
        fields: problemsOf(path, securityContext, allowed),
      }))
      .filter(({ fields }) => fields.length > 0);
    const fields = [...ofPod, ...bad.flatMap((container) => container.fields)];
    if (fields.length === 0) return undefined;
    const setters = [
      ...(ofPod.length > 0 ? ['pod'] : []),
      ...(bad.length > 0 ? [namedContainers(bad.map(({ name }) => name))] : []),
    ];
    return {
      reason: 'seLinuxOptions',
      detail: `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${faultsText(fields)}`,
      fields,
    };
  };
}

function problemsOf(
  path: string,
  context: Pod['spec']['securityContext'] | PlacedContainer['securityContext'],
  allowed: readonly string[],
): FieldProblem[] {
  const { type = '', user = '', role = '' } = context?.seLinuxOptions ?? {};
  const prefix = `${path}.securityContext.seLinuxOptions`;
  return [
    ...(allowed.includes(type) ? [] : [forbidden(`${prefix}.type`, type)]),
    ...(user === '' ? [] : [forbidden(`${prefix}.user`, user)]),
    ...(role === '' ? [] : [forbidden(`${prefix}.role`, role)]),
  ];
}

function faultsText(fields: readonly FieldProblem[]): string {
  const ending = (name: string) => fields.filter(({ path }) => path.endsWith(`.${name}`));
  const types = sortedSet(ending('type').map(({ value }) => String(value)));
  return [
    ...(types.length > 0 ? [`${numbered(types.length, 'type')} ${quoted(types)}`] : []),
    ...(ending('user').length > 0 ? ['user may not be set'] : []),
    ...(ending('role').length > 0 ? ['role may not be set'] : []),
  ].join('; ');
}
