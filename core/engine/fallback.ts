import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Strategy } from '../ports/strategy.js';
import { rulesOut } from './assess.js';
import { type Delegation, noCounts } from './delegation.js';
import { errorData } from './delegation-events.js';
import type { DelegationLives, LivesOptions } from './delegation-lives.js';

/** Who could take its strategy's place, best first, whatever the policy had listed when it was admitted. */
function fallbacksOf(
  { isAuto, strategy, failed, failedBefore }: Delegation,
  policy: ResolvedPolicy,
  strategies: readonly Strategy[],
): Strategy[] {
  if (!isAuto) return [];
  const names = [...new Set(policy.strategies)].filter((name) => name !== strategy.name && !failed.has(name));
  const isLate = (name: string): boolean => failedBefore.has(name);
  return [...names.filter((name) => !isLate(name)), ...names.filter(isLate)].flatMap(
    (name) => strategies.find((one) => one.name === name) ?? [],
  );
}

/**
 * The first that has not failed, that the policy of this moment permits and that says yes. Never one that the
 * policy forbids, or that can't hold what it asks.
 */
export async function nextFallback(
  delegation: Delegation,
  options: LivesOptions,
  isWanted: (strategy: Strategy) => boolean,
): Promise<Strategy | undefined> {
  const { target, onListenerUnused } = delegation;
  const policy = options.policyOf(target);
  // The events of one delegation are all of one tenant.
  if (policy.tenant !== delegation.policy.tenant) return undefined;
  const closesListener = onListenerUnused !== undefined;
  for (const strategy of fallbacksOf(delegation, policy, options.strategies)) {
    if (!isWanted(strategy)) continue;
    const out = rulesOut(strategy, policy, { wanted: 'auto', target, closesListener });
    const { possible, reasons } =
      out === undefined ? await strategy.assess(target, policy) : { possible: false, reasons: [out] };
    // The policy was read again meanwhile: what was said is of the one before.
    if (options.policyOf(target).digest !== policy.digest) return nextFallback(delegation, options, isWanted);
    if (possible) return strategy;
    options.logger.info({ delegation: delegation.id, strategy: strategy.name, reasons }, 'no fallback');
  }
  return undefined;
}

/** Puts another strategy in the place of the one that failed, under the policy of this moment. */
export function fallBack(
  delegation: Delegation,
  next: Strategy,
  error: DeputyError,
  { log, logger, policyOf }: LivesOptions,
): void {
  const { id, strategy, policy, target } = delegation;
  const data = { ...errorData(error), from: strategy.name, to: next.name };
  log.emit(id, policy.tenant, 'delegation.fellback', data);
  logger.warn({ delegation: id, err: error, from: strategy.name, to: next.name }, 'fell back');
  delegation.policy = policyOf(target);
  delegation.strategy = next;
  delegation.state = 'establishing';
}

/**
 * No strategy takes the place of one that failed while the target runs: it is told which one would when the
 * target starts next, and the delegation has failed. The target's calls fail from here on.
 */
export async function refuseLater(
  delegation: Delegation,
  error: DeputyError,
  lives: DelegationLives,
): Promise<void> {
  const { id, strategy, target, establishment } = delegation;
  const next = await nextFallback(delegation, lives.options, () => true);
  // What was answered until here has its events before the delegation has its last ones.
  await establishment?.release();
  const { policy } = delegation;
  if (next !== undefined) {
    const details = { from: strategy.name, to: next.name, detail: error.message };
    const later = deputyError('DEPUTY_E_FALLBACK_AT_NEXT_START', details, error);
    const data = { ...errorData(later), from: strategy.name, to: next.name };
    lives.options.log.emit(id, policy.tenant, 'delegation.fellback', data);
    lives.failedStrategies.add(policy, target.containerId, strategy.name);
  }
  lives.fail(delegation, error, establishment?.counts() ?? noCounts);
}
