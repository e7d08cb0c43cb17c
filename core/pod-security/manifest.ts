import { z } from 'zod';
import { escapeText } from '../events/escape-text.js';
import {
  evaluatePodSecurity,
  type PodSecurityEvaluation,
  type PodSecurityOptions,
  podSecurityMessage,
} from './evaluate.js';
import { invalidPod } from './pod.js';

/** What was found of one object of a manifest. */
export interface JudgedObject extends PodSecurityEvaluation {
  readonly kind: string;
  readonly name: string;
  /** Where in the object its pod is, such as 'spec.template'; '' for a pod itself. */
  readonly podPath: string;
  /** What Kubernetes would say. */
  readonly message: string;
}

/** What was found of a manifest. */
export interface JudgedManifest {
  readonly allowed: boolean;
  readonly objects: readonly JudgedObject[];
  /** Objects that Pod Security admission does not look at, such as a Service or one of a custom resource. */
  readonly skipped: readonly { readonly kind: string; readonly name: string }[];
}

/** Where Kubernetes looks for a pod in an object, by its API group and kind. */
const podPaths: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/PodTemplate': ['template'],
  '/ReplicationController': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'batch/Job': ['spec', 'template'],
};

const objectSchema = z.object({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.nullish(z.object({ name: z.nullish(z.string()), generateName: z.nullish(z.string()) })),
});

// Of a name only as much is shown as Kubernetes lets one be long.
const maximumNameLength = 253;
// A list within a list within a list has no use.
const maximumListDepth = 4;

/** A pod, or a template of pods, as it stands in an object of a manifest. */
export interface FoundPod {
  readonly kind: string;
  readonly name: string;
  /** Where in the object it is, such as 'spec.template'; '' for a pod itself. */
  readonly podPath: string;
  readonly pod: unknown;
}

/** What is in a manifest. */
export interface FoundPods {
  readonly pods: readonly FoundPod[];
  readonly skipped: JudgedManifest['skipped'];
}

/**
 * Finds each pod in a manifest's documents, as read from YAML or JSON: pods, what has a template of pods,
 * and lists of them. Throws DEPUTY_E_POD_INVALID if there is none, or an object that is not right.
 */
export function findPods(documents: readonly unknown[], source = '(given as objects)'): FoundPods {
  const objects = documents
    .filter((document) => document != null)
    .flatMap((document) => flatten(document, source, maximumListDepth));
  const pods: FoundPod[] = [];
  const skipped: { kind: string; name: string }[] = [];
  for (const object of objects) {
    const found = findPod(object, source);
    if ('podPath' in found) pods.push(found);
    else skipped.push(found);
  }
  if (pods.length === 0) {
    const kinds = skipped.map(({ kind }) => kind).join(', ');
    const what = kinds === '' ? 'there is no object in it' : `there is no pod in it, only: ${kinds}`;
    throw invalidPod(source, [what]);
  }
  return { pods, skipped };
}

/**
 * Judges each pod in a manifest's documents. Throws DEPUTY_E_POD_INVALID if there is none, or one is not
 * right, and DEPUTY_E_POD_SECURITY_UNKNOWN for another level or version.
 */
export function judgeManifest(documents: readonly unknown[], options: PodSecurityOptions): JudgedManifest {
  const source = options.source ?? '(given as objects)';
  const { pods, skipped } = findPods(documents, source);
  const objects = pods.map((found) => judgePod(found, { ...options, source }));
  return { allowed: objects.every(({ allowed }) => allowed), objects, skipped };
}

/** The object, or those of a list. Items of a typed list may leave out what the list's kind says. */
function flatten(object: unknown, source: string, depth: number): unknown[] {
  const { kind, apiVersion } = readHead(object, source);
  const items = (object as { items?: unknown }).items;
  if (!kind.endsWith('List') || items === undefined) return [object];
  if (!Array.isArray(items)) throw invalidPod(source, [`${safeName(kind)}: items is no list`]);
  if (depth === 0) throw invalidPod(source, [`lists are nested more than ${maximumListDepth} deep`]);
  const itemKind = kind.slice(0, -'List'.length);
  return items.flatMap((item) => {
    const isBare = itemKind !== '' && typeof item === 'object' && item !== null && !('kind' in item);
    return flatten(isBare ? { ...item, kind: itemKind, apiVersion } : item, source, depth - 1);
  });
}

function findPod(object: unknown, source: string): FoundPod | { kind: string; name: string } {
  const { kind, apiVersion, metadata } = readHead(object, source);
  const name = safeName(metadata?.name ?? metadata?.generateName ?? '');
  const path = podPathOf(apiVersion, kind);
  if (path === undefined) return { kind: safeName(kind), name };
  return { kind, name, podPath: path.join('.'), pod: valueAt(object, path) };
}

function judgePod({ kind, name, podPath, pod }: FoundPod, options: PodSecurityOptions): JudgedObject {
  const prefix = podPath === '' ? '' : `${podPath}.`;
  const evaluation = evaluatePodSecurity(pod, { ...options, pathPrefix: `${kind} ${name}: ${prefix}` });
  const message = podSecurityMessage(evaluation, podPath !== '');
  return { kind, name, podPath, message, ...evaluation };
}

function podPathOf(apiVersion: string, kind: string): readonly string[] | undefined {
  const [group = ''] = apiVersion === 'v1' ? [''] : apiVersion.split('/', 1);
  // What is in 'apps' now was in 'extensions' once.
  const key = `${group === 'extensions' ? 'apps' : group}/${kind}`;
  return Object.hasOwn(podPaths, key) ? podPaths[key] : undefined;
}

function readHead(object: unknown, source: string) {
  const result = objectSchema.safeParse(object);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || '(document)'}: ${message.replace(/^Invalid input: /, '')}`,
  );
  throw invalidPod(source, problems);
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const part of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<string, unknown>)[part]
        : undefined;
  }
  return value;
}

function safeName(name: string): string {
  return escapeText(name, maximumNameLength);
}
