import { deputyError } from '../errors/deputy-error.js';
import { escapeText } from '../events/escape-text.js';
import { type ContainerFields, type PodFields, podSchema, type VolumeFields } from './pod-schema.js';

/** A container with its name and where in the pod it stands, such as `spec.initContainers[0]`. */
export interface PlacedContainer extends Omit<ContainerFields, 'name'> {
  readonly name: string;
  readonly path: string;
}

/** A volume with its place and its type, such as 'emptyDir'. */
export interface PlacedVolume {
  readonly name: string;
  readonly path: string;
  readonly type: string;
}

/** A pod in the form that the checks read. */
export interface Pod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodFields['spec'];
  /** Init containers first, then the ordinary ones, then ephemeral ones: the order of upstream's messages. */
  readonly containers: readonly PlacedContainer[];
  readonly volumes: readonly PlacedVolume[];
}

// Longer than any type's name.
const maximumTypeLength = 40;

// More lines help nobody to correct a file.
const maximumProblems = 20;

/**
 * Reads a pod, or the template of one: an object with `spec` and perhaps `metadata`.
 * Throws DEPUTY_E_POD_INVALID if it is none, or if a field that a check reads has a wrong type: a cluster
 * would not take it either, and a guess could allow what is refused there.
 */
export function readPod(value: unknown, source = '(given as an object)', prefix = ''): Pod {
  const result = podSchema.safeParse(value);
  if (!result.success) {
    const problems = result.error.issues
      .slice(0, maximumProblems)
      .map((issue) => `${prefix}${pathText(issue.path)}: ${issue.message.replace(/^Invalid input: /, '')}`);
    throw invalidPod(source, problems);
  }
  const { metadata, spec } = result.data;
  const mixed = mixedVolumes(spec.volumes);
  if (mixed.length > 0)
    throw invalidPod(
      source,
      mixed.map((problem) => `${prefix}${problem}`),
    );
  return {
    annotations: metadata?.annotations ?? {},
    spec,
    containers: [
      ...place('spec.initContainers', spec.initContainers),
      ...place('spec.containers', spec.containers),
      ...place('spec.ephemeralContainers', spec.ephemeralContainers),
    ],
    volumes: (spec.volumes ?? []).map(placeVolume),
  };
}

/** The error for what is no pod, with a line for each problem. */
export function invalidPod(source: string, problems: readonly string[]) {
  const text = problems.map((problem) => `  ${problem}`).join('\n');
  return deputyError('DEPUTY_E_POD_INVALID', { source, text, problems });
}

function place(path: string, containers: readonly ContainerFields[] = []): PlacedContainer[] {
  return containers.map((container, index) => ({
    ...container,
    name: container.name ?? '',
    path: `${path}[${index}]`,
  }));
}

function placeVolume(volume: VolumeFields, index: number): PlacedVolume {
  // The API server makes a volume that says nothing an emptyDir before admission sees it.
  const type = typesOf(volume)[0] ?? 'emptyDir';
  return { name: volume.name ?? '', path: `spec.volumes[${index}]`, type };
}

/** A volume's keys but for its name; a cluster takes one of them. */
function typesOf(volume: VolumeFields): string[] {
  return Object.keys(volume).filter((key) => key !== 'name' && volume[key] != null);
}

/** With several types, the one that is allowed would hide the one that is not. */
function mixedVolumes(volumes: readonly VolumeFields[] = []): string[] {
  return volumes.flatMap((volume, index) => {
    const types = typesOf(volume).map((type) => escapeText(type, maximumTypeLength));
    return types.length < 2 ? [] : [`spec.volumes[${index}]: has several types: ${types.join(', ')}`];
  });
}

function pathText(path: readonly PropertyKey[]): string {
  const parts = path.map((part) =>
    typeof part === 'number' ? `[${part}]` : `.${escapeText(String(part), 80)}`,
  );
  return parts.join('').replace(/^\./, '') || '(the pod)';
}
