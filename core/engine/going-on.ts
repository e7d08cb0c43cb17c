import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import type { Strategy } from '../ports/strategy.js';
import { rulesOut } from './assess.js';
import { type Delegation, noCounts } from './delegation.js';
import type { DelegationLives, LivesOptions } from './delegation-lives.js';
import { fallBack, nextFallback, refuseLater } from './fallback.js';

/**
 * Its strategy can't go on, and the target is still there. One with the same answerer takes its place at
 * once; any other one when the target starts next, and until then the target is served by nobody.
 */
export async function goOnOtherwise(
  delegation: Delegation,
  reason: string,
  cause: Error,
  lives: DelegationLives,
): Promise<void> {
  if (delegation.finished !== undefined) return;
  const { strategy } = delegation;
  const error = deputyError('DEPUTY_E_STRATEGY_FAILED', { strategy: strategy.name, detail: reason }, cause);
  delegation.failed.add(strategy.name);
  const next = await nextInPlace(delegation, lives.options);
  if (delegation.finished !== undefined) return;
  if (next !== undefined) return replaceInPlace(delegation, next, error, lives);
  delegation.finished = refuseLater(delegation, error, lives);
  return delegation.finished;
}

/**
 * The policy may have come to rule out the strategy at work: one with the same answerer then takes its place
 * at once. Where there is none it serves on: its target can't be served otherwise before it starts next.
 */
export async function keepToPolicy(delegation: Delegation, lives: DelegationLives): Promise<void> {
  const { options } = lives;
  const { id, strategy } = delegation;
  const detail = ruledOut(delegation, options);
  if (detail === undefined) return;
  const next = await nextInPlace(delegation, options);
  // It may have been read again, or the delegation have ended, since.
  if (ruledOut(delegation, options) === undefined) return;
  const error = deputyError('DEPUTY_E_STRATEGY_FORBIDDEN', { strategy: strategy.name, detail });
  if (next !== undefined) return replaceInPlace(delegation, next, error, lives);
  const { code, message } = error;
  options.logger.warn({ delegation: id, code }, `${message}; it serves on until its target ends`);
}

/** Why the policy of this moment would not have this strategy, where it was the policy that chose it. */
function ruledOut({ isAuto, state, finished, strategy, target }: Delegation, { policyOf }: LivesOptions) {
  // Whoever is established or recovers is judged when that is over.
  if (!isAuto || state !== 'active' || finished !== undefined) return undefined;
  return rulesOut(strategy, policyOf(target), { wanted: 'auto', target, closesListener: true });
}

/** One that goes on with the listeners that the present strategy answers: same answerer, journal and keys. */
async function nextInPlace(delegation: Delegation, options: LivesOptions): Promise<Strategy | undefined> {
  if (delegation.establishment?.letGo === undefined) return undefined;
  return nextFallback(delegation, options, answersAs(delegation.strategy));
}

function answersAs({ answerer }: Strategy): (other: Strategy) => boolean {
  return (other) => answerer !== undefined && other.answerer === answerer;
}

/** The listeners are served all the while; if nobody can go on with them, they are closed. */
async function replaceInPlace(
  delegation: Delegation,
  next: Strategy,
  error: DeputyError,
  lives: DelegationLives,
): Promise<void> {
  const { establishment } = delegation;
  // Told first: where that can't be written down, nothing has changed.
  fallBack(delegation, next, error, lives.options);
  const targets = (await establishment?.letGo?.()) ?? [];
  if (delegation.finished !== undefined) return;
  const [entry, ...further] = targets;
  if (entry === undefined) return lives.finish(delegation, 'the target is gone');
  const counts = establishment?.counts() ?? noCounts;
  const serving = (): void => {
    // Whoever ended it meanwhile has told so.
    if (delegation.finished !== undefined) return;
    lives.activate(delegation, counts);
    lives.options.onReplaced?.(delegation.id, delegation.strategy.name, targets);
  };
  try {
    await lives.begin(delegation, serving, entry, answersAs(next));
  } catch {
    // It has failed, with its event. Nobody answers its listeners any more.
    await establishment?.release();
    return;
  }
  for (const target of further) await lives.joinFurther(delegation, target);
}
