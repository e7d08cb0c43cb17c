import type { Pod } from './pod.js';
import type { PodSecurityLevel } from './policy.js';

/** A field of a pod for which a check refuses it. */
export interface FieldProblem {
  /** From the pod's root, such as `spec.containers[0].securityContext.privileged`. */
  readonly path: string;
  /** 'forbidden': it has a value that it may not have; 'required': it has none. */
  readonly problem: 'forbidden' | 'required';
  /** The value that is forbidden. */
  readonly value?: boolean | number | string | readonly string[];
}

/** Why a check refuses a pod, in the words of Kubernetes. */
export interface Finding {
  /** The short form, such as 'host namespaces'. */
  readonly reason: string;
  /** What in this pod it is, such as 'hostNetwork=true'. */
  readonly detail: string;
  readonly fields: readonly FieldProblem[];
}

/** Looks at one side of a pod; undefined if there is nothing to find fault with. */
export type Evaluate = (pod: Pod) => Finding | undefined;

/** A check as it is from a version of Kubernetes on. */
export interface CheckRevision {
  /** The minor version from which it holds, until the next revision's. */
  readonly sinceMinor: number;
  readonly evaluate: Evaluate;
  /** Checks of the baseline that this one says more than: at its level they are left out. */
  readonly overrides?: readonly string[];
}

/** One check of the Pod Security Standards. */
export interface PodSecurityCheck {
  /** Kubernetes' own name of it. */
  readonly id: string;
  /** The level that it belongs to; 'restricted' has the baseline's as well. */
  readonly level: Exclude<PodSecurityLevel, 'privileged'>;
  /** In rising order of their versions. */
  readonly revisions: readonly [CheckRevision, ...CheckRevision[]];
}
