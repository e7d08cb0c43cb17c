import { type DeputyError, deputyError, isDeputyError } from '../errors/deputy-error.js';
import { escapeText } from '../events/escape-text.js';
import type { DeputyEvent } from '../events/event.js';
import type { Counts } from '../events/vocabulary.js';
import { type ResolvedPolicy, resolvePolicy } from '../policy/match.js';
import type { Policy } from '../policy/schema.js';
import { FROM_END } from '../ports/event-store.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import type { Target } from '../ports/strategy.js';
import { assess, assessmentError } from './assess.js';
import { Delegation, type DelegationStatus, noCounts } from './delegation.js';
import { DelegationEvents, errorData } from './delegation-events.js';
import type {
  AdoptOptions,
  DelegateOptions,
  Engine,
  EngineOptions,
  ReconcileResult,
} from './engine-options.js';
import { settlePredecessors } from './predecessors.js';
import { contradictionOf, placedIn } from './target-identity.js';
import { Turns } from './turns.js';

export type { Engine };

/** Ended delegations that status() still tells of; older ones are in the store. */
const endedRemembered = 256;

/** Makes an engine. It starts no thread and touches nothing until it is asked to. */
export function createEngine(options: EngineOptions): Engine {
  return new DelegationEngine(options);
}

class DelegationEngine implements Engine {
  private readonly live = new Map<string, Delegation>();
  private readonly ended: DelegationStatus[] = [];
  /** Two listeners of one container (run and exec) may come at the same moment: one delegation for both. */
  private readonly turns = new Turns();
  private readonly logger: Logger;
  private readonly log: DelegationEvents;
  private policy: Policy;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: EngineOptions) {
    this.policy = options.policy;
    this.logger = options.logger ?? silentLogger;
    this.log = new DelegationEvents(options.stateDirectory.sequencer, this.logger);
  }

  async delegate(request: DelegateOptions): Promise<DelegationStatus> {
    if (this.closing) throw deputyError('DEPUTY_E_ENGINE_CLOSED');
    return this.turns.take(request.target.containerId, () => this.begin(request));
  }

  async adopt(options: AdoptOptions): Promise<DelegationStatus> {
    if (this.closing) throw deputyError('DEPUTY_E_ENGINE_CLOSED');
    const [target] = options.targets;
    if (target === undefined) throw deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'none given' });
    return this.turns.take(target.containerId, () => this.goOn(options, target));
  }

  private async goOn(options: AdoptOptions, target: Target): Promise<DelegationStatus> {
    const { delegationId: id, targets, reason, previousEpoch, inFlight } = options;
    const policy = this.policyOf(target);
    const strategy = this.options.strategies.find(({ name }) => name === options.strategy);
    if (strategy === undefined) {
      const known = this.options.strategies.map(({ name }) => name);
      throw deputyError('DEPUTY_E_STRATEGY_UNKNOWN', { strategy: options.strategy, known });
    }
    const startedAtUs = this.options.clock.monotonicUs();
    this.log.emit(id, policy.tenant, 'delegation.recovering', {
      reason: escapeText(reason, 1024),
      inFlight,
      previousEpoch,
    });
    const type = 'delegation.recovering';
    const delegation = new Delegation(id, target, policy, strategy, 'recovering', type, startedAtUs);
    this.live.set(id, delegation);
    let servingAtUs = startedAtUs;
    await this.establish(delegation, () => {
      servingAtUs = this.options.clock.monotonicUs();
    });
    for (const further of targets.slice(1)) await this.joinFurther(delegation, further);
    void this.reactivate(delegation, servingAtUs);
    return delegation.status();
  }

  async settlePredecessors(lost: ReadonlySet<string> = new Set()): Promise<void> {
    const isKnown = (id: string): boolean => this.live.has(id) || this.ended.some((one) => one.id === id);
    await settlePredecessors(this.options.stateDirectory.sequencer, this.log, isKnown, lost);
  }

  async release(id: string, reason = 'released by its owner'): Promise<void> {
    const delegation = this.live.get(id);
    if (!delegation) throw deputyError('DEPUTY_E_DELEGATION_UNKNOWN', { delegationId: id });
    await this.finish(delegation, reason);
  }

  async reconcile(id: string): Promise<ReconcileResult> {
    const delegation = this.live.get(id);
    if (!delegation) {
      if (this.ended.some((status) => status.id === id)) return {};
      throw deputyError('DEPUTY_E_DELEGATION_UNKNOWN', { delegationId: id });
    }
    return delegation.state === 'active' ? {} : { requeueAfterMs: 1_000 };
  }

  async *events(
    options: { readonly fromPosition?: number; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<DeputyEvent> {
    const { fromPosition, signal } = options;
    const start = fromPosition ?? FROM_END;
    const subscription = this.options.store.subscribe({ fromPosition: start, ...(signal ? { signal } : {}) });
    for await (const { event } of subscription) yield event;
  }

  status(): { readonly delegations: readonly DelegationStatus[] } {
    return {
      delegations: [...[...this.live.values()].map((delegation) => delegation.status()), ...this.ended],
    };
  }

  setPolicy(policy: Policy): void {
    this.policy = policy;
    for (const delegation of this.live.values()) {
      delegation.establishment?.setPolicy(this.policyOf(delegation.target));
    }
  }

  close(reason = 'deputy shuts down'): Promise<void> {
    this.closing ??= Promise.allSettled(
      [...this.live.values()].map((delegation) => this.finish(delegation, reason)),
    ).then(() => undefined);
    return this.closing;
  }

  private policyOf(target: Target): ResolvedPolicy {
    const { containerId, metadata = '', annotations } = target;
    return resolvePolicy(this.policy, { containerId, metadata, ...(annotations ? { annotations } : {}) });
  }

  private async begin(request: DelegateOptions): Promise<DelegationStatus> {
    const { target } = request;
    const known = [...this.live.values()].find(
      (delegation) => delegation.target.containerId === target.containerId && serves(delegation),
    );
    const wrong = contradictionOf(target, known?.target);
    if (wrong !== undefined) return this.refuseName(request, wrong);
    if (known?.establishment && target.listener !== undefined) {
      await known.establishment.join(placedIn(known.target, target));
      return known.status();
    }
    if (this.live.size >= (this.options.maximumDelegations ?? 4096)) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'delegations', limit: this.live.size });
    }
    return this.admit(request);
  }

  private async admit(request: DelegateOptions): Promise<DelegationStatus> {
    const { target, origin = 'library' } = request;
    const policy = this.policyOf(target);
    const id = this.options.ids.next();
    const startedAtUs = this.options.clock.monotonicUs();
    const wanted = request.strategy ?? 'auto';
    this.log.requested(id, policy.tenant, target, wanted, origin);
    const { chosen, candidates, allowed } = await assess(this.options.strategies, wanted, policy, target);
    this.log.emit(id, policy.tenant, 'delegation.assessed', { chosen: chosen?.name ?? null, candidates });
    if (!chosen) {
      const known = this.options.strategies.map(({ name }) => name);
      return this.refuse(id, policy, assessmentError({ wanted, candidates, allowed, known }));
    }
    this.log.admitted(id, chosen, policy);
    const type = 'delegation.establishing';
    const delegation = new Delegation(id, target, policy, chosen, 'establishing', type, startedAtUs);
    this.live.set(id, delegation);
    const { processId } = target;
    const data = { strategy: chosen.name, ...(processId === undefined ? {} : { processId }) };
    let ticket = this.log.emit(id, policy.tenant, 'delegation.establishing', data);
    await this.establish(delegation, () => {
      ticket = this.activate(delegation);
      request.onServing?.(id, chosen.name);
    });
    await this.options.stateDirectory.sequencer.published(ticket);
    return delegation.status();
  }

  /** Somebody uses a name that is another's. The refusal is a delegation of its own, and not that one's. */
  private refuseName({ target, strategy = 'auto', origin = 'library' }: DelegateOptions, detail: string) {
    const id = this.options.ids.next();
    const policy = this.policyOf(target);
    this.log.requested(id, policy.tenant, target, strategy, origin);
    const details = { containerId: target.containerId, detail };
    return this.refuse(id, policy, deputyError('DEPUTY_E_TARGET_CONTRADICTED', details));
  }

  private async refuse(id: string, policy: ResolvedPolicy, error: DeputyError): Promise<never> {
    const ticket = this.log.emit(id, policy.tenant, 'delegation.refused', errorData(error));
    await this.options.stateDirectory.sequencer.published(ticket);
    throw error;
  }

  /** Has the strategy begin; `serving` is called just before it answers. */
  private async establish(delegation: Delegation, serving: () => void): Promise<void> {
    const { id, target, policy, strategy } = delegation;
    try {
      delegation.establishment = await strategy.establish({
        delegationId: id,
        target,
        policy,
        logger: this.logger.child({ delegation: id, container: target.containerId }),
        hooks: {
          serving,
          stepped: (step, evidence) => this.log.stepped(id, policy.tenant, strategy.name, step, evidence),
          ended: (reason) => void this.finish(delegation, reason),
          quarantined: (operation, waitedUs) => this.log.quarantined(id, policy.tenant, operation, waitedUs),
        },
      });
    } catch (error) {
      this.fail(delegation, error);
      throw error;
    }
  }

  /** One further way in that can't be served doesn't end those that are. */
  private async joinFurther(delegation: Delegation, further: Target): Promise<void> {
    try {
      await delegation.establishment?.join(further);
    } catch (error) {
      this.logger.error({ delegation: delegation.id, err: error }, 'a further listener can not be served');
    }
  }

  /** After a take-over: what became of the requests so far is known when the sequencer has caught up. */
  private async reactivate(delegation: Delegation, servingAtUs: number): Promise<void> {
    await this.options.stateDirectory.sequencer.caughtUp();
    if (delegation.state !== 'recovering') return;
    const counts = delegation.establishment?.counts() ?? noCounts;
    this.activate(delegation, counts, servingAtUs, delegation.establishment?.entries);
  }

  private activate(
    delegation: Delegation,
    counts: Counts = noCounts,
    atUs: number = this.options.clock.monotonicUs(),
    listeners?: number,
  ): number {
    const { id, policy, strategy, target } = delegation;
    delegation.state = 'active';
    this.logger.info({ delegation: id, container: target.containerId }, 'delegation active');
    return this.log.emit(id, policy.tenant, 'delegation.active', {
      strategy: strategy.name,
      counts,
      durationUs: atUs - delegation.startedAtUs,
      ...(listeners === undefined ? {} : { listeners }),
    });
  }

  private fail(delegation: Delegation, error: unknown): void {
    const known = isDeputyError(error) ? error : deputyError('DEPUTY_E_HANDLER_FAILED', {}, error);
    this.log.emit(delegation.id, delegation.policy.tenant, 'delegation.failed', errorData(known));
    delegation.state = 'failed';
    this.logger.error({ delegation: delegation.id, err: known }, 'delegation failed');
    this.remember(delegation);
  }

  /** Ends a delegation once, however many ask for it. */
  private finish(delegation: Delegation, reason: string): Promise<void> {
    if (delegation.finished) return delegation.finished;
    const { id, policy } = delegation;
    const run = async (): Promise<void> => {
      delegation.state = 'releasing';
      this.log.emit(id, policy.tenant, 'delegation.releasing', { reason });
      await delegation.establishment?.release();
      const durationUs = this.options.clock.monotonicUs() - delegation.startedAtUs;
      const counts = delegation.establishment?.counts() ?? noCounts;
      const ticket = this.log.emit(id, policy.tenant, 'delegation.released', { counts, reason, durationUs });
      delegation.state = 'released';
      this.remember(delegation);
      this.logger.info(
        { delegation: id, container: delegation.target.containerId, ...counts },
        'delegation released',
      );
      await this.options.stateDirectory.sequencer.published(ticket);
    };
    delegation.finished = run();
    return delegation.finished;
  }

  private remember(delegation: Delegation): void {
    this.live.delete(delegation.id);
    this.ended.unshift(delegation.status());
    if (this.ended.length > endedRemembered) this.ended.pop();
  }
}

/** Does it take further entries of its target? */
function serves({ state }: Delegation): boolean {
  return state === 'active' || state === 'recovering';
}
