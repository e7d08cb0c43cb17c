import type { FieldProblem, Finding } from './check.js';
import type { Pod } from './pod.js';
import { forbidden, namedContainers, required } from './wording.js';

type Value = NonNullable<FieldProblem['value']>;

/** A field that may stand in the pod's security context and in each container's, which wins. */
export interface SharedField<Name extends Value> {
  /** Its path within a security context, such as 'seccompProfile.type'. */
  readonly path: string;
  readonly ofPod: (context: NonNullable<Pod['spec']['securityContext']>) => Name | undefined;
  readonly ofContainer: (
    context: NonNullable<Pod['containers'][number]['securityContext']>,
  ) => Name | undefined;
  readonly isAllowed: (value: Name) => boolean;
}

/** Who sets such a field, and who leaves it open. */
export interface Setters<Name extends Value> {
  /** Who sets it to what is not allowed: 'pod', 'container "a"'. */
  readonly bad: readonly string[];
  readonly badValues: readonly Name[];
  readonly badFields: readonly FieldProblem[];
  /** Containers for which neither they nor the pod set it to what is allowed. */
  readonly open: readonly string[];
  readonly openFields: readonly FieldProblem[];
}

/** Looks at a field in the pod's security context and in the containers'. */
export function settersOf<Name extends Value>(pod: Pod, field: SharedField<Name>): Setters<Name> {
  const { securityContext } = pod.spec;
  const podValue = securityContext === undefined ? undefined : field.ofPod(securityContext);
  const podIsBad = podValue !== undefined && !field.isAllowed(podValue);
  const badFields: FieldProblem[] = [];
  const badValues: Name[] = [];
  const badContainers: string[] = [];
  const open: string[] = [];
  const openFields: FieldProblem[] = [];
  if (podIsBad) {
    badFields.push(forbidden(`spec.securityContext.${field.path}`, podValue));
    badValues.push(podValue);
  }
  for (const container of pod.containers) {
    const context = container.securityContext;
    const value = context === undefined ? undefined : field.ofContainer(context);
    const path = `${container.path}.securityContext.${field.path}`;
    if (value === undefined) {
      if (podValue !== undefined && !podIsBad) continue;
      open.push(container.name);
      openFields.push(required(path));
    } else if (!field.isAllowed(value)) {
      badContainers.push(container.name);
      badFields.push(forbidden(path, value));
      badValues.push(value);
    }
  }
  const bad = [
    ...(podIsBad ? ['pod'] : []),
    ...(badContainers.length > 0 ? [namedContainers(badContainers)] : []),
  ];
  return { bad, badValues, badFields, open, openFields };
}

/** The finding that containers set what they may not, or nothing if there is none such. */
export function containersFinding(
  containers: readonly { readonly name: string; readonly fields: readonly FieldProblem[] }[],
  words: (names: readonly string[]) => Pick<Finding, 'reason' | 'detail'>,
): Finding | undefined {
  if (containers.length === 0) return undefined;
  const fields = containers.flatMap((container) => container.fields);
  return { ...words(containers.map(({ name }) => name)), fields };
}
