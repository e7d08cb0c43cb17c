import type { Finding } from './check.js';
import { readPod } from './pod.js';
import { type PodSecurityLevel, parsePodSecurityLevel, parsePodSecurityVersion } from './policy.js';
import { checksOf, effectiveMinor } from './table.js';

/** What a pod is to be judged by. */
export interface PodSecurityOptions {
  /** 'privileged', 'baseline' or 'restricted'. */
  readonly level: string;
  /** 'v1.N', or 'latest', which is the default. */
  readonly version?: string;
  /** What the pod is called in an error: a path, say. */
  readonly source?: string;
  /** What stands before the path of a field in an error, such as 'spec.template.'. */
  readonly pathPrefix?: string;
}

/** A check that refuses a pod. */
export interface PodSecurityViolation extends Finding {
  /** The check's name in Kubernetes, such as 'hostPorts'. */
  readonly check: string;
}

/** Whether Pod Security admission would let a pod in. */
export interface PodSecurityEvaluation {
  readonly allowed: boolean;
  readonly level: PodSecurityLevel;
  /** As it was asked for. */
  readonly version: string;
  /** The version whose checks were used: what is newer than all of them is judged by the newest. */
  readonly evaluatedVersion: string;
  /** In the order in which Kubernetes names them. */
  readonly violations: readonly PodSecurityViolation[];
}

/**
 * Judges a pod, or the template of one, by the Pod Security Standards, as Kubernetes' own admission does
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/): `pod` is an object with `spec` and
 * perhaps `metadata`, as read from JSON or YAML. Nothing is fetched: exemptions of a cluster's configuration
 * (namespaces, users, runtime classes) are not known here.
 * Throws DEPUTY_E_POD_INVALID if it is no pod, DEPUTY_E_POD_SECURITY_UNKNOWN for another level or version.
 */
export function evaluatePodSecurity(pod: unknown, options: PodSecurityOptions): PodSecurityEvaluation {
  const level = parsePodSecurityLevel(options.level);
  const version = options.version ?? 'latest';
  const asked = parsePodSecurityVersion(version);
  const read = readPod(pod, options.source, options.pathPrefix);
  const violations = checksOf(level, asked).flatMap(({ id, revision }) => {
    const finding = revision.evaluate(read);
    return finding === undefined ? [] : [{ check: id, ...finding }];
  });
  return {
    allowed: violations.length === 0,
    level,
    version,
    evaluatedVersion: `v1.${effectiveMinor(asked)}`,
    violations,
  };
}

/**
 * What Kubernetes would say: `violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)`.
 * Of a template it says 'would violate', for only the pods that are made from it are refused.
 */
export function podSecurityMessage(evaluation: PodSecurityEvaluation, isTemplate = false): string {
  const policy = `PodSecurity "${evaluation.level}:${evaluation.version}"`;
  if (evaluation.allowed) return `meets ${policy}`;
  const texts = evaluation.violations.map(({ reason, detail }) =>
    detail === '' ? reason : `${reason} (${detail})`,
  );
  return `${isTemplate ? 'would violate' : 'violates'} ${policy}: ${texts.join(', ')}`;
}
