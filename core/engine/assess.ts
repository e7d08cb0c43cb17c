import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import { unheldReason } from '../policy/asks.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Strategy, Target } from '../ports/strategy.js';

/** One strategy's chance. */
export interface Candidate {
  readonly strategy: string;
  readonly possible: boolean;
  readonly reasons: string[];
}

/** The outcome: the strategies that may be used, best first, and every candidate with its reasons. */
export interface AssessmentResult {
  readonly ranked: readonly Strategy[];
  readonly candidates: Candidate[];
  /** False when the strategy that was asked for doesn't exist here at all. */
  readonly allowed: boolean;
}

/** Who asks for which strategy, and what is known of the target. */
export interface AssessmentRequest {
  /** A name, or 'auto' for the first of the policy's that is possible. */
  readonly wanted: string;
  readonly target: Target;
  /** Somebody closes the target's listener where no strategy answers it. */
  readonly closesListener: boolean;
  /** Strategies that failed while they served this target: they come last. */
  readonly failed: ReadonlySet<string>;
}

/**
 * What rules a strategy out before it is asked itself, or undefined. One that is asked for by name may leave
 * fields of the policy unheld, which its admission then says; 'auto' never takes such a one.
 */
export function rulesOut(
  strategy: Strategy,
  policy: ResolvedPolicy,
  request: Pick<AssessmentRequest, 'wanted' | 'target' | 'closesListener'>,
): string | undefined {
  if (!policy.strategies.includes(strategy.name)) return "not in the policy's list";
  const isLeftWaiting = request.target.listener !== undefined && strategy.answerer === undefined;
  if (isLeftWaiting && !request.closesListener) {
    return "it answers no listener, and nobody would close the target's: its calls would wait for ever";
  }
  if (request.wanted !== 'auto') return undefined;
  const enforces = strategy.enforcesFor?.(request.target) ?? strategy.enforces;
  return unheldReason(policy, enforces) ?? strategy.unfitFor?.(policy);
}

/** Asks the strategies in the policy's order. */
export async function assess(
  strategies: readonly Strategy[],
  policy: ResolvedPolicy,
  request: AssessmentRequest,
): Promise<AssessmentResult> {
  const { wanted, target, failed } = request;
  const candidates: Candidate[] = [];
  const ranked: Strategy[] = [];
  const names = wanted === 'auto' ? [...new Set(policy.strategies)] : [wanted];
  for (const name of names) {
    const strategy = strategies.find((one) => one.name === name);
    const out = strategy === undefined ? 'not available in this engine' : rulesOut(strategy, policy, request);
    if (strategy === undefined || out !== undefined) {
      candidates.push({ strategy: name, possible: false, reasons: [out ?? ''] });
      continue;
    }
    const { possible, reasons } = await strategy.assess(target, policy);
    const late = failed.has(name) ? ['it failed when the target ran last, so it comes last'] : [];
    candidates.push({ strategy: name, possible, reasons: [...reasons, ...late] });
    if (possible) ranked.push(strategy);
  }
  const allowed = wanted === 'auto' || strategies.some((one) => one.name === wanted);
  const isLate = ({ name }: Strategy): boolean => failed.has(name);
  return {
    ranked: [...ranked.filter((one) => !isLate(one)), ...ranked.filter(isLate)],
    candidates,
    allowed,
  };
}

/** Why no strategy serves the target. `known`: the names of those that there are. */
export function assessmentError(
  result: Omit<AssessmentResult, 'ranked'> & { readonly wanted: string; readonly known: readonly string[] },
): DeputyError {
  const { wanted: strategy, candidates, allowed, known } = result;
  if (!allowed) return deputyError('DEPUTY_E_STRATEGY_UNKNOWN', { strategy, known });
  const detail = candidates.map((one) => `${one.strategy}: ${one.reasons.join('; ')}`).join(' | ');
  return deputyError('DEPUTY_E_STRATEGY_REFUSED', { strategy, detail });
}
