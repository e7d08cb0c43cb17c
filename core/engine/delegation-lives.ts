import { deputyError, isDeputyError } from '../errors/deputy-error.js';
import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { Sequencer } from '../ports/sequencer.js';
import type { Strategy, Target } from '../ports/strategy.js';
import { Degradations } from './degradations.js';
import { type Delegation, type DelegationStatus, noCounts } from './delegation.js';
import { type DelegationEvents, errorData } from './delegation-events.js';
import type { EngineOptions } from './engine-options.js';
import { FailedStrategies } from './failed-strategies.js';
import { fallBack, nextFallback } from './fallback.js';
import { goOnOtherwise } from './going-on.js';
import type { Turns } from './turns.js';

/** Ended delegations that status() still tells of; older ones are in the store. */
const endedRemembered = 256;

export interface LivesOptions {
  readonly strategies: readonly Strategy[];
  readonly log: DelegationEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly sequencer: Sequencer;
  /** The policy of a target as it is now. */
  readonly policyOf: (target: Target) => ResolvedPolicy;
  /** By container: a further listener must not come while a strategy takes another's place. */
  readonly turns: Turns;
  readonly onReplaced: EngineOptions['onReplaced'];
}

/**
 * How delegations live: they are established, fall back, become active, fail and end, each with its event.
 */
export class DelegationLives {
  readonly live = new Map<string, Delegation>();
  readonly ended: DelegationStatus[] = [];
  /** Ends that are on their way to the event store. */
  private readonly finishing = new Set<Promise<void>>();
  readonly failedStrategies = new FailedStrategies();
  readonly degradations = new Degradations();

  constructor(readonly options: LivesOptions) {}

  /**
   * Has the delegation's strategy begin or, where that fails, those that are left, in their order. `serving`
   * is called just before one answers. Resolves to the ticket of the last event before that.
   */
  async begin(
    delegation: Delegation,
    serving: () => void,
    entry = delegation.target,
    isWanted: (strategy: Strategy) => boolean = () => true,
  ): Promise<number> {
    const { log } = this.options;
    for (;;) {
      const { id, policy, strategy, target } = delegation;
      log.admitted(id, strategy, policy, target);
      const { processId } = target;
      const data = { strategy: strategy.name, ...(processId === undefined ? {} : { processId }) };
      const ticket = log.emit(id, policy.tenant, 'delegation.establishing', data);
      try {
        await this.establish(delegation, serving, entry);
      } catch (error) {
        delegation.failed.add(strategy.name);
        const next = delegation.finished ? undefined : await nextFallback(delegation, this.options, isWanted);
        // Whoever ended it meanwhile has told so.
        if (delegation.finished) throw error;
        if (next === undefined) {
          this.fail(delegation, error);
          throw error;
        }
        fallBack(delegation, next, coded(error), this.options);
        continue;
      }
      // Calls that go to a listener which nobody answers would wait for ever.
      if (strategy.answerer === undefined && entry.listener !== undefined) delegation.onListenerUnused?.();
      return ticket;
    }
  }

  /** Has the strategy begin with a way into the target. Throws what it throws. */
  async establish(delegation: Delegation, serving: () => void, target = delegation.target): Promise<void> {
    const { id, policy, strategy } = delegation;
    const { log, logger, turns } = this.options;
    const attempt = ++delegation.attempts;
    const establishment = await strategy.establish({
      delegationId: id,
      target,
      policy,
      logger: logger.child({ delegation: id, container: target.containerId }),
      hooks: {
        serving,
        stepped: (step, evidence) => log.stepped(id, policy.tenant, strategy.name, step, evidence),
        ended: (reason, error) => {
          // Another strategy may have taken its place.
          const isCurrent = (): boolean => delegation.attempts === attempt;
          if (!isCurrent()) return;
          const goOn = async (why: Error): Promise<void> =>
            turns.take(target.containerId, async () => {
              if (isCurrent()) await goOnOtherwise(delegation, reason, why, this);
            });
          const told = error === undefined ? this.finish(delegation, reason) : goOn(error);
          void told.catch(log.notTold);
        },
        quarantined: (operation, waitedUs) => log.quarantined(id, policy.tenant, operation, waitedUs),
      },
    });
    delegation.establishment = establishment;
    // It may have been read again meanwhile.
    if (delegation.policy !== policy) establishment.setPolicy(delegation.policy);
    // Whoever ended the delegation meanwhile could not end this one.
    if (delegation.finished !== undefined) await establishment.release();
  }

  /** One further way in that can't be served doesn't end those that are. */
  async joinFurther(delegation: Delegation, further: Target): Promise<void> {
    try {
      await delegation.establishment?.join(further);
    } catch (error) {
      const bindings = { delegation: delegation.id, err: error };
      this.options.logger.error(bindings, 'a further listener can not be served');
    }
  }

  activate(
    delegation: Delegation,
    counts: Counts = noCounts,
    atUs: number = this.options.clock.monotonicUs(),
    listeners?: number,
  ): number {
    const { id, policy, strategy, target } = delegation;
    delegation.state = 'active';
    this.options.logger.info({ delegation: id, container: target.containerId }, 'delegation active');
    return this.options.log.emit(id, policy.tenant, 'delegation.active', {
      strategy: strategy.name,
      counts,
      durationUs: atUs - delegation.startedAtUs,
      ...(listeners === undefined ? {} : { listeners }),
    });
  }

  fail(delegation: Delegation, error: unknown, counts?: Counts): void {
    const known = coded(error);
    const { id, policy } = delegation;
    const data = { ...errorData(known), ...(counts === undefined ? {} : { counts }) };
    this.options.log.emit(id, policy.tenant, 'delegation.failed', data);
    delegation.state = 'failed';
    this.options.logger.error({ delegation: id, err: known }, 'delegation failed');
    this.remember(delegation);
  }

  /** Ends a delegation once, however many ask for it. */
  finish(delegation: Delegation, reason: string): Promise<void> {
    if (delegation.finished) return delegation.finished;
    const { log, logger, clock, sequencer } = this.options;
    const { id, policy } = delegation;
    const run = async (): Promise<void> => {
      delegation.state = 'releasing';
      log.emit(id, policy.tenant, 'delegation.releasing', { reason });
      await delegation.establishment?.release();
      const durationUs = clock.monotonicUs() - delegation.startedAtUs;
      const counts = delegation.establishment?.counts() ?? noCounts;
      const ticket = log.emit(id, policy.tenant, 'delegation.released', { counts, reason, durationUs });
      delegation.state = 'released';
      this.remember(delegation);
      logger.info(
        { delegation: id, container: delegation.target.containerId, ...counts },
        'delegation released',
      );
      await sequencer.published(ticket);
      await delegation.establishment?.forget?.();
    };
    const finished = run();
    delegation.finished = finished;
    this.finishing.add(finished);
    const forget = (): void => void this.finishing.delete(finished);
    finished.then(forget, forget);
    return finished;
  }

  /** Ends all that are served. Resolves when the event store has the ends, also of what ended just before. */
  async finishAll(reason: string): Promise<void> {
    const ends = [...this.live.values()].map((delegation) => this.finish(delegation, reason));
    await Promise.allSettled([...ends, ...this.finishing]);
  }

  /** Tells of each target that has come to use no handles. */
  noticeDegradations(): void {
    const { log, logger, clock } = this.options;
    for (const delegation of this.live.values()) {
      if (delegation.state !== 'active') continue;
      const { id, policy, strategy, target } = delegation;
      const use = delegation.establishment?.use?.();
      // What a checkpoint has of an earlier boot is ahead of this one's clock.
      const monotonicUs = clock.monotonicUs();
      const nowUs = Math.min(use?.knownUntilUs ?? monotonicUs, monotonicUs);
      const begun = this.degradations.look(id, use, policy.degradation, nowUs);
      delegation.degraded = this.degradations.spellOf(id)?.error.message;
      if (begun === undefined || use === undefined) continue;
      const bindings = { delegation: id, container: target.containerId, reason: begun.reason };
      try {
        log.degraded(id, policy.tenant, strategy.name, begun, use);
      } catch (error) {
        // The queue of events is full: nobody is to end over what the next look tells as well.
        this.degradations.untold(id);
        logger.warn({ err: error, ...bindings }, 'a degradation could not be told yet');
        continue;
      }
      logger.warn({ ...bindings, code: begun.error.code }, begun.error.message);
    }
  }

  /** It goes on without this engine, or is settled. */
  leave({ id }: Delegation): void {
    this.live.delete(id);
    this.degradations.forget(id);
  }

  remember(delegation: Delegation): void {
    this.leave(delegation);
    this.ended.unshift(delegation.status());
    if (this.ended.length > endedRemembered) this.ended.pop();
  }
}

function coded(error: unknown) {
  return isDeputyError(error) ? error : deputyError('DEPUTY_E_HANDLER_FAILED', {}, error);
}
