import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import type { Strategy } from '../ports/strategy.js';
import { rulesOut } from './assess.js';
import { type Delegation, noCounts } from './delegation.js';
import { errorData } from './delegation-events.js';
import type { DelegationLives, LivesOptions } from './delegation-lives.js';

/**
 * The first of those that are left which the policy of this moment still permits and which still says yes;
 * those before it are left out for good. Never one that the policy forbids, or that can't hold what it asks.
 */
export async function nextFallback(
  delegation: Delegation,
  options: LivesOptions,
  isWanted: (strategy: Strategy) => boolean = () => true,
): Promise<Strategy | undefined> {
  const { target, onListenerUnused } = delegation;
  const policy = options.policyOf(target);
  // The events of one delegation are all of one tenant.
  if (policy.tenant !== delegation.policy.tenant) return undefined;
  const closesListener = onListenerUnused !== undefined;
  for (const [index, strategy] of delegation.fallbacks.entries()) {
    if (!isWanted(strategy)) continue;
    const out = rulesOut(strategy, policy, { wanted: 'auto', target, closesListener });
    const { possible, reasons } =
      out === undefined ? await strategy.assess(target, policy) : { possible: false, reasons: [out] };
    if (possible) {
      delegation.fallbacks = delegation.fallbacks.slice(index + 1);
      return strategy;
    }
    options.logger.info({ delegation: delegation.id, strategy: strategy.name, reasons }, 'no fallback');
  }
  return undefined;
}

/** One that goes on with the listeners that the present strategy answers: same answerer, journal and keys. */
export async function nextInPlace(
  delegation: Delegation,
  options: LivesOptions,
): Promise<Strategy | undefined> {
  const { answerer } = delegation.strategy;
  if (answerer === undefined || delegation.establishment?.letGo === undefined) return undefined;
  return nextFallback(delegation, options, (other) => other.answerer === answerer);
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
  logger.error({ delegation: id, err: error, from: strategy.name, to: next.name }, 'fell back');
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
  const next = await nextFallback(delegation, lives.options);
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
