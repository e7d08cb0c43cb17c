import type { ResolvedPolicy } from '../policy/match.js';
import type { ShareAssessment } from '../ports/strategy.js';

/** Something that is tried on the machine before a strategy is said to be possible. */
export interface Trial {
  /** What its result is found by in the facts; strategies may share one. */
  readonly id: string;
  /** What to do where it fails. */
  readonly remedy: string;
  /** The strategy works without it, if worse. */
  readonly optional?: boolean;
}

/** What came of a trial. */
export interface TrialResult {
  readonly ok: boolean;
  readonly detail: string;
}

/** What a strategy costs whoever uses it: a sentence each. */
export interface Price {
  /** Which of the measured latencies is its own: facts have it by this name. */
  readonly latency: string;
  /** What of the container's boundary it breaks. */
  readonly boundary: string;
  /** Who holds which privilege. */
  readonly privilege: string;
  /** What survives the restart of which process. */
  readonly restart: string;
}

/** Why a strategy is out, and what would change that. */
export interface Reason {
  readonly kind: ReasonKind;
  readonly text: string;
  readonly remedy: string;
}

export type ReasonKind =
  | 'not-in-build'
  | 'policy-list'
  | 'policy-fields'
  | 'policy'
  | 'pod-security'
  | 'target'
  | 'trial';

/** A pod that strategies are judged with: an object with `spec`, and what it is called. */
export interface ExaminedPod {
  readonly name: string;
  /** It is a template, of which only the pods are refused. */
  readonly isTemplate: boolean;
  readonly pod: unknown;
}

/** What is known of a target that runs already; from /proc and the runtime, never from within it. */
export interface ExaminedTarget {
  readonly containerId: string;
  readonly processId: number;
  /** Its user namespace is that of deputy, not one of its own. */
  readonly userNamespaceIsOurs: boolean;
  /** Its process is the first of its pid namespace. */
  readonly isInit: boolean;
  readonly isFrozen: boolean;
  /** Why a process of it could take over a payload with the capability (ptrace(2)). */
  readonly takeOver?: string;
  /** Which of its shares can be served under the policy. */
  readonly shares: ShareAssessment;
}

/** All that a ranking is made from, besides policy and level: plain data, in JSON if need be. */
export interface PreflightFacts {
  /** The strategies that this build has. */
  readonly inBuild: readonly string[];
  /** By the trials' ids; what is missing was not tried, and counts as failed. */
  readonly trials: Readonly<Record<string, TrialResult>>;
  /** What a call costs, by the names that prices use. */
  readonly latencies: Readonly<Record<string, string>>;
  readonly pods: readonly ExaminedPod[];
  readonly target?: ExaminedTarget;
}

/** What decides whether a strategy, or a form of one, can be used, and what it costs. */
export interface Requirements {
  /** Fields of the policy that it can hold a target to; the strategy itself says the same. */
  readonly enforces: readonly string[];
  readonly trials: readonly Trial[];
  /** The pod with what the strategy adds to it, to be judged by the level; absent where that is nothing. */
  readonly addToPod?: (pod: unknown) => unknown;
  /** What else rules it out for this policy, target and pods. */
  readonly obstacles?: (
    policy: ResolvedPolicy,
    target: ExaminedTarget | undefined,
    pods: readonly ExaminedPod[],
  ) => readonly Reason[];
  readonly price: Price;
}

/** One of the forms that a strategy has. */
export interface StrategyForm extends Requirements {
  readonly form: string;
  /** What kind of program it serves. */
  readonly serves: string;
}

/**
 * A strategy as the preflight knows it. To plug one in: add an entry to table.ts, the trials that it names to
 * adapters/preflight, and its name to what the command line says is in the build.
 */
export interface StrategyEntry extends Requirements {
  readonly strategy: string;
  /** Where it has several: each is judged, and one that is possible is enough. The rest is the first's. */
  readonly forms?: readonly StrategyForm[];
}
