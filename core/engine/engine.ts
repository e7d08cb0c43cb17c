import { type DeputyError, deputyError, isDeputyError } from '../errors/deputy-error.js';
import { escapeText } from '../events/escape-text.js';
import type { DeputyEvent } from '../events/event.js';
import { type ResolvedPolicy, resolvePolicy } from '../policy/match.js';
import type { Policy } from '../policy/schema.js';
import { FROM_END } from '../ports/event-store.js';
import { type Logger, silentLogger } from '../ports/logger.js';
import type { Target } from '../ports/strategy.js';
import { assess, assessmentError } from './assess.js';
import { Delegation, type DelegationStatus, noCounts } from './delegation.js';
import { DelegationEvents, errorData } from './delegation-events.js';
import { DelegationLives } from './delegation-lives.js';
import type {
  AdoptOptions,
  DelegateOptions,
  Engine,
  EngineOptions,
  ReconcileResult,
} from './engine-options.js';
import { keepToPolicy } from './going-on.js';
import { settlePredecessors } from './predecessors.js';
import { Restarts } from './restarts.js';
import { contradictionOf, placedIn } from './target-identity.js';
import { Turns } from './turns.js';

export type { Engine };

/** Nothing tells the engine that a container is there again, or that a store has caught up. */
const reconcileAgainMs = 1_000;

/** Makes an engine. It starts no thread and touches nothing until it is asked to. */
export function createEngine(options: EngineOptions): Engine {
  return new DelegationEngine(options);
}

class DelegationEngine implements Engine {
  private readonly lives: DelegationLives;
  /** Two listeners of one container (run and exec) may come at the same moment: one delegation for both. */
  private readonly turns = new Turns();
  private readonly restarts = new Restarts();
  private readonly logger: Logger;
  private readonly log: DelegationEvents;
  private policy: Policy;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: EngineOptions) {
    this.policy = options.policy;
    this.logger = options.logger ?? silentLogger;
    const { sequencer } = options.stateDirectory;
    this.log = new DelegationEvents(sequencer, this.logger);
    const { log, logger, turns } = this;
    const policyOf = (target: Target): ResolvedPolicy => this.policyOf(target);
    const { strategies, clock, onReplaced } = options;
    this.lives = new DelegationLives({
      ...{ strategies, log, logger, clock, sequencer, policyOf, turns, onReplaced },
    });
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
    delegation.isAuto = options.wanted === 'auto';
    delegation.onListenerUnused = options.onListenerUnused;
    this.lives.live.set(id, delegation);
    this.lives.degradations.adopt(id, startedAtUs);
    let servingAtUs = startedAtUs;
    try {
      await this.lives.establish(delegation, () => {
        servingAtUs = this.options.clock.monotonicUs();
      });
    } catch (error) {
      if (options.leavesGone && isDeputyError(error, 'DEPUTY_E_TARGET_GONE')) this.lives.leave(delegation);
      else this.lives.fail(delegation, error);
      throw error;
    }
    // Calls that go to a listener which nobody answers would wait for ever.
    if (strategy.answerer === undefined && target.listener !== undefined) options.onListenerUnused?.();
    for (const further of targets.slice(1)) await this.lives.joinFurther(delegation, further);
    void this.reactivate(delegation, servingAtUs).catch(this.log.notTold);
    return delegation.status();
  }

  async settlePredecessors(lost: ReadonlySet<string> = new Set(), reason?: string): Promise<void> {
    const isKnown = (id: string): boolean =>
      this.lives.live.has(id) || this.lives.ended.some((one) => one.id === id);
    const { sequencer } = this.options.stateDirectory;
    await settlePredecessors(sequencer, this.log, { isKnown, lost, reason });
  }

  async release(id: string, reason = 'released by its owner'): Promise<void> {
    const isFollowed = this.restarts.isFollowed(id);
    this.restarts.forget(id);
    const delegation = this.lives.live.get(id);
    // It is over, and nothing comes after it now.
    if (!delegation && isFollowed) return;
    if (!delegation) throw deputyError('DEPUTY_E_DELEGATION_UNKNOWN', { delegationId: id });
    await this.lives.finish(delegation, reason);
  }

  async reconcile(id: string): Promise<ReconcileResult> {
    const delegation = this.lives.live.get(id);
    if (delegation) return delegation.state === 'active' ? {} : { requeueAfterMs: reconcileAgainMs };
    if (this.restarts.isFollowed(id)) return this.turns.take(`restart of ${id}`, () => this.followUp(id));
    if (this.lives.ended.some((status) => status.id === id)) return {};
    throw deputyError('DEPUTY_E_DELEGATION_UNKNOWN', { delegationId: id });
  }

  /** One that is over: its container's next life is delegated to, once, when it is there. */
  private async followUp(id: string): Promise<ReconcileResult> {
    if (this.closing) return {};
    const known = this.restarts.successorOf(id);
    if (known !== undefined) return { delegationId: known };
    const request = await this.restarts.nextLife(id);
    // Its owner may have ended it meanwhile.
    if (!this.restarts.isFollowed(id)) return {};
    if (request === undefined) return { requeueAfterMs: reconcileAgainMs };
    const { id: delegationId } = await this.delegate(request);
    if (this.restarts.isFollowed(id)) {
      this.restarts.succeeded(id, delegationId);
      return { delegationId };
    }
    await this.release(delegationId, 'released by its owner while its container was started again');
    return {};
  }

  noticeDegradations(): void {
    this.lives.noticeDegradations();
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
      delegations: [
        ...[...this.lives.live.values()].map((delegation) => delegation.status()),
        ...this.lives.ended,
      ],
    };
  }

  setPolicy(policy: Policy): void {
    this.policy = policy;
    for (const delegation of this.lives.live.values()) {
      const resolved = this.policyOf(delegation.target);
      delegation.establishment?.setPolicy(resolved);
      // The events of one delegation are all of one tenant.
      if (resolved.tenant === delegation.policy.tenant) delegation.policy = resolved;
      this.keepToPolicy(delegation);
    }
  }

  private keepToPolicy(delegation: Delegation): void {
    const judge = (): Promise<void> => keepToPolicy(delegation, this.lives);
    void this.turns.take(delegation.target.containerId, judge).catch(this.log.notTold);
  }

  close(reason = 'deputy shuts down'): Promise<void> {
    this.closing ??= this.lives.finishAll(reason);
    return this.closing;
  }

  private policyOf(target: Target): ResolvedPolicy {
    const { containerId, metadata = '', annotations } = target;
    return resolvePolicy(this.policy, { containerId, metadata, ...(annotations ? { annotations } : {}) });
  }

  private async begin(request: DelegateOptions): Promise<DelegationStatus> {
    const { target } = request;
    const known = [...this.lives.live.values()].find(
      (delegation) => delegation.target.containerId === target.containerId && serves(delegation),
    );
    const wrong = contradictionOf(target, known?.target);
    if (wrong !== undefined) return this.refuseName(request, wrong);
    if (known?.establishment && target.listener !== undefined) {
      await known.establishment.join(placedIn(known.target, target));
      return known.status();
    }
    if (this.lives.live.size >= (this.options.maximumDelegations ?? 4096)) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'delegations', limit: this.lives.live.size });
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
    const closesListener = request.onListenerUnused !== undefined;
    const failed = this.lives.failedStrategies.take(policy, target.containerId);
    const asked = { wanted, target, closesListener, failed };
    const { ranked, candidates, allowed } = await assess(this.options.strategies, policy, asked);
    const [chosen] = ranked;
    this.log.emit(id, policy.tenant, 'delegation.assessed', { chosen: chosen?.name ?? null, candidates });
    if (!chosen) {
      const known = this.options.strategies.map(({ name }) => name);
      return this.refuse(id, policy, assessmentError({ wanted, candidates, allowed, known }));
    }
    const type = 'delegation.establishing';
    const delegation = new Delegation(id, target, policy, chosen, 'establishing', type, startedAtUs);
    delegation.isAuto = wanted === 'auto';
    delegation.failedBefore = failed;
    delegation.onListenerUnused = request.onListenerUnused;
    this.lives.live.set(id, delegation);
    let activated: number | undefined;
    const established = await this.lives.begin(delegation, () => {
      activated = this.lives.activate(delegation);
      request.onServing?.(id, delegation.strategy.name);
    });
    // One that never served is not followed: whoever asked tries again.
    this.restarts.follow(id, request);
    this.keepToPolicy(delegation);
    await this.options.stateDirectory.sequencer.published(activated ?? established);
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

  /** After a take-over: what became of the requests so far is known when the sequencer has caught up. */
  private async reactivate(delegation: Delegation, servingAtUs: number): Promise<void> {
    await this.options.stateDirectory.sequencer.caughtUp();
    if (delegation.state !== 'recovering') return;
    const counts = delegation.establishment?.counts() ?? noCounts;
    this.lives.activate(delegation, counts, servingAtUs, delegation.establishment?.entries);
    // Its predecessor may have ended before it did as the policy says.
    this.keepToPolicy(delegation);
  }
}

/** Does it take further entries of its target? */
function serves({ state }: Delegation): boolean {
  return state === 'active' || state === 'recovering';
}
