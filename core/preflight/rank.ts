import { evaluatePodSecurity, podSecurityMessage } from '../pod-security/evaluate.js';
import { unheldReason } from '../policy/asks.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type {
  ExaminedPod,
  PreflightFacts,
  Price,
  Reason,
  Requirements,
  StrategyEntry,
  TrialResult,
} from './entry.js';
import { preflightTable } from './table.js';

/** The level of the Pod Security Standards that the pod has to meet, and their version. */
export interface AskedLevel {
  readonly level: string;
  readonly version?: string;
}

/** One trial of a strategy, as it went. */
export interface JudgedTrial extends TrialResult {
  readonly id: string;
  readonly optional: boolean;
  /** Only where it failed. */
  readonly remedy?: string;
}

/** Whether a strategy, or a form of one, can be used, and at which price. */
export interface Judgement {
  readonly possible: boolean;
  /** Every reason against it; empty when it is possible. */
  readonly reasons: readonly Reason[];
  readonly trials: readonly JudgedTrial[];
  readonly enforces: readonly string[];
  /** The latency in words, instead of the name of one. */
  readonly price: Price;
}

/** One of a strategy's forms. */
export interface JudgedForm extends Judgement {
  readonly form: string;
  /** What kind of program it serves. */
  readonly serves: string;
}

/**
 * A strategy's place: 1 for the best of those that are possible, none for the others. Where it has forms, the
 * rest is that of the first that is possible; if none is, of the first, with the reasons against each.
 */
export interface RankedStrategy extends Judgement {
  readonly strategy: string;
  readonly rank: number | null;
  readonly forms?: readonly JudgedForm[];
}

export interface Ranking {
  /** What `auto` takes. */
  readonly chosen: string | null;
  readonly strategies: readonly RankedStrategy[];
}

/**
 * Ranks the strategies: first those that are possible, then the others, each in the policy's order; those
 * that the policy doesn't list come last, and are never possible. A function of its arguments alone. Throws
 * what evaluatePodSecurity() throws for a pod that is none, or a level that there is not.
 */
export function rank(
  facts: PreflightFacts,
  policy: ResolvedPolicy,
  level: AskedLevel,
  table: readonly StrategyEntry[] = preflightTable,
): Ranking {
  const judged = inOrder(policy, table).map((entry) => judge(entry, facts, policy, level));
  const possible = judged.filter((one) => one.possible).map((one, index) => ({ ...one, rank: index + 1 }));
  return {
    chosen: possible[0]?.strategy ?? null,
    strategies: [...possible, ...judged.filter((one) => !one.possible)],
  };
}

/** Those of the policy by its preference; a name of which nothing is known is listed as well. */
function inOrder(policy: ResolvedPolicy, table: readonly StrategyEntry[]): StrategyEntry[] {
  const listed = [...new Set(policy.strategies)].map(
    (name) => table.find(({ strategy }) => strategy === name) ?? unknownEntry(name),
  );
  return [...listed, ...table.filter(({ strategy }) => !policy.strategies.includes(strategy))];
}

function unknownEntry(strategy: string): StrategyEntry {
  const unknown = 'unknown';
  const price = { latency: unknown, boundary: unknown, privilege: unknown, restart: unknown };
  return { strategy, enforces: [], trials: [], price };
}

function judge(
  entry: StrategyEntry,
  facts: PreflightFacts,
  policy: ResolvedPolicy,
  level: AskedLevel,
): RankedStrategy {
  const { strategy } = entry;
  const forms = entry.forms?.map(
    (one): JudgedForm => ({
      form: one.form,
      serves: one.serves,
      ...judgeRequirements(strategy, one, facts, policy, level),
    }),
  );
  const [first] = forms ?? [];
  if (forms === undefined || first === undefined) {
    return { strategy, rank: null, ...judgeRequirements(strategy, entry, facts, policy, level) };
  }
  const { form: _form, serves: _serves, ...rest } = forms.find(({ possible }) => possible) ?? first;
  return { strategy, rank: null, ...rest, reasons: rest.possible ? [] : reasonsOfForms(forms), forms };
}

/** What speaks against all forms is said once, and what against one with its name. */
function reasonsOfForms(forms: readonly JudgedForm[]): Reason[] {
  const isOfAll = ({ text }: Reason): boolean =>
    forms.every(({ reasons }) => reasons.some((other) => other.text === text));
  const common = forms[0]?.reasons.filter(isOfAll) ?? [];
  const own = forms.flatMap(({ form, reasons }) =>
    reasons
      .filter((one) => !isOfAll(one))
      .map((one): Reason => ({ ...one, text: `as ${form}: ${one.text}` })),
  );
  return [...common, ...own];
}

function judgeRequirements(
  strategy: string,
  needed: Requirements,
  facts: PreflightFacts,
  policy: ResolvedPolicy,
  level: AskedLevel,
): Judgement {
  const { enforces, price } = needed;
  const trials = needed.trials.map(({ id, remedy, optional = false }) => {
    const result = facts.trials[id] ?? { ok: false, detail: 'not tried' };
    return { id, ...result, optional, ...(result.ok ? {} : { remedy }) };
  });
  const reasons = [
    ...permitted(strategy, enforces, facts, policy),
    ...facts.pods.flatMap((pod) => admitted(needed, pod, level)),
    ...(needed.obstacles?.(policy, facts.target, facts.pods) ?? []),
    ...trials.flatMap(({ id, ok, optional, detail, remedy = '' }): Reason[] =>
      ok || optional ? [] : [{ kind: 'trial', text: `${id}: ${detail}`, remedy }],
    ),
  ];
  const latency = facts.latencies[price.latency] ?? 'not measured';
  return { possible: reasons.length === 0, reasons, trials, enforces, price: { ...price, latency } };
}

/** What policy and build say. */
function permitted(
  strategy: string,
  enforces: readonly string[],
  facts: PreflightFacts,
  policy: ResolvedPolicy,
) {
  const reasons: Reason[] = [];
  if (!policy.strategies.includes(strategy)) {
    const remedy = 'Add it to `strategies` in the policy, if it may be used.';
    reasons.push({ kind: 'policy-list', text: "not in the policy's list", remedy });
  }
  if (!facts.inBuild.includes(strategy)) {
    const remedy = 'Use a build that has it, or another strategy.';
    reasons.push({ kind: 'not-in-build', text: 'not in this build', remedy });
  }
  const text = unheldReason(policy, enforces);
  if (text !== undefined) {
    const remedy = 'Widen these fields, if the target may have more; or use a strategy that enforces them.';
    reasons.push({ kind: 'policy-fields', text, remedy });
  }
  return reasons;
}

/** Would the level let the pod in, with what the strategy adds to it? */
function admitted(needed: Requirements, { name, isTemplate, pod }: ExaminedPod, level: AskedLevel): Reason[] {
  const asked = { ...level, source: name };
  const own = evaluatePodSecurity(pod, asked);
  if (!own.allowed) {
    const text = `${name} itself ${podSecurityMessage(own, isTemplate)}`;
    return [{ kind: 'pod-security', text, remedy: 'Change the pod, or the level of its namespace.' }];
  }
  const changed = evaluatePodSecurity(needed.addToPod?.(pod) ?? pod, asked);
  if (changed.allowed) return [];
  const text = `${name}, with what it needs, ${podSecurityMessage(changed, isTemplate)}`;
  return [{ kind: 'pod-security', text, remedy: 'Use another strategy, or a namespace of a wider level.' }];
}
