import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Strategy, Target } from '../ports/strategy.js';

/** One strategy's chance. */
export interface Candidate {
  readonly strategy: string;
  readonly possible: boolean;
  readonly reasons: string[];
}

/** The outcome: the strategy to use, if any, and every candidate with its reasons. */
export interface AssessmentResult {
  readonly chosen: Strategy | undefined;
  readonly candidates: Candidate[];
  /** False when the strategy that was asked for doesn't exist here at all. */
  readonly allowed: boolean;
}

/**
 * Asks the strategies in the policy's order; `wanted` is a name, or 'auto' for the first that is possible.
 */
export async function assess(
  strategies: readonly Strategy[],
  wanted: string,
  policy: ResolvedPolicy,
  target: Target,
): Promise<AssessmentResult> {
  const candidates: Candidate[] = [];
  let chosen: Strategy | undefined;
  const names = wanted === 'auto' ? policy.strategies : [wanted];
  for (const name of names) {
    const strategy = strategies.find((one) => one.name === name);
    if (!strategy) {
      candidates.push({ strategy: name, possible: false, reasons: ['not available in this engine'] });
      continue;
    }
    if (!policy.strategies.includes(name)) {
      candidates.push({ strategy: name, possible: false, reasons: ["not in the policy's list"] });
      continue;
    }
    const { possible, reasons } = await strategy.assess(target, policy);
    candidates.push({ strategy: name, possible, reasons: [...reasons] });
    if (possible && !chosen) chosen = strategy;
  }
  const allowed = wanted === 'auto' || strategies.some((one) => one.name === wanted);
  return { chosen, candidates, allowed };
}

/** Why no strategy serves the target. `known`: the names of those that there are. */
export function assessmentError(
  result: Omit<AssessmentResult, 'chosen'> & { readonly wanted: string; readonly known: readonly string[] },
): DeputyError {
  const { wanted: strategy, candidates, allowed, known } = result;
  if (!allowed) return deputyError('DEPUTY_E_STRATEGY_UNKNOWN', { strategy, known });
  const detail = candidates.map((one) => `${one.strategy}: ${one.reasons.join('; ')}`).join(' | ');
  return deputyError('DEPUTY_E_STRATEGY_REFUSED', { strategy, detail });
}
