import { evaluatePodSecurity } from '../../core/pod-security/evaluate.js';
import { findPods } from '../../core/pod-security/manifest.js';
import { defaultPolicy } from '../../core/policy/defaults.js';
import { type ResolvedPolicy, resolvePolicy } from '../../core/policy/match.js';
import type { ExaminedPod, PreflightFacts } from '../../core/preflight/entry.js';
import { plainPod } from '../../core/preflight/pod-needs.js';
import type { AskedLevel } from '../../core/preflight/rank.js';
import { knownStrategies } from '../../core/preflight/table.js';
import { takeOver } from '../../strategies/dispatcher/fitness.js';
import { readManifest } from '../kubernetes/index.js';
import { capability } from '../linux/credentials.js';
import { readPolicy } from '../policy/index.js';
import {
  collectTrials,
  examineTarget,
  type HeldFacts,
  hasFilter,
  lookAtTarget,
  measuredLatencies,
} from '../preflight/index.js';
import { builtStrategies } from './built-strategies.js';

/** What is asked about. */
export interface PreflightQuestion extends AskedLevel {
  readonly target?: string;
  readonly pod?: string;
  readonly policy?: string;
  readonly container?: string;
  readonly metadata?: string;
  readonly runtimeRoots?: readonly string[];
}

/** All that the ranking is made from, and what else is to be said. */
export interface PreflightBasis {
  readonly facts: PreflightFacts;
  readonly policy: ResolvedPolicy;
  /** Objects of the manifest in which there is no pod. */
  readonly skipped: readonly { readonly kind: string; readonly name: string }[];
  readonly notes: readonly string[];
}

/**
 * Reads what is given, looks at the target and makes the trials. Bad input throws before anything is tried.
 */
export async function preflightBasis(question: PreflightQuestion): Promise<PreflightBasis> {
  const { target, container, metadata = '', runtimeRoots } = question;
  const { pods, skipped } = await podsOf(question.pod);
  for (const { name, pod } of pods) evaluatePodSecurity(pod, { ...levelOf(question), source: name });
  const read =
    question.policy === undefined ? defaultPolicy() : readPolicy(question.policy, { knownStrategies });
  const held = target === undefined ? undefined : lookAtTarget(target, runtimeRoots);
  const containerId = container ?? held?.containerId ?? 'preflight';
  const policy = resolvePolicy(read, { containerId, metadata });
  const examined = held === undefined ? {} : { target: examineTarget(held, policy, takeOverOf(held)) };
  const facts: PreflightFacts = {
    inBuild: builtStrategies,
    trials: await collectTrials(),
    latencies: measuredLatencies(),
    pods,
    ...examined,
  };
  return { facts, policy, skipped, notes: held === undefined ? [] : notesOf(held) };
}

function levelOf({ level, version }: AskedLevel): AskedLevel {
  return { level, ...(version === undefined ? {} : { version }) };
}

async function podsOf(path: string | undefined) {
  if (path === undefined) {
    const pods: ExaminedPod[] = [{ name: 'a plain pod', isTemplate: false, pod: plainPod }];
    return { pods, skipped: [] };
  }
  const source = path === '-' ? '(standard input)' : path;
  const { pods, skipped } = findPods(await readManifest(path), source);
  return {
    pods: pods.map(
      ({ kind, name, podPath, pod }): ExaminedPod => ({
        name: `${kind}/${name}`,
        isTemplate: podPath !== '',
        pod,
      }),
    ),
    skipped,
  };
}

/** As a payload would be judged that is started without further options: root, with the one capability. */
function takeOverOf({ facts }: HeldFacts): string | undefined {
  return takeOver(facts, { user: 0, capabilities: [capability.DAC_READ_SEARCH] });
}

function notesOf({ processId }: HeldFacts): string[] {
  const filter = hasFilter(processId)
    ? 'The target has a seccomp filter; whether its calls go to a listener can’t be seen from outside.'
    : 'The target has no seccomp filter: seccomp-notify serves it from its next start on (`deputy profile`).';
  return [filter];
}
