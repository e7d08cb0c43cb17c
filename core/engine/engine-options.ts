import type { DeputyEvent } from '../events/event.js';
import type { Policy } from '../policy/schema.js';
import type { Clock } from '../ports/clock.js';
import type { EventStore } from '../ports/event-store.js';
import type { Ids } from '../ports/ids.js';
import type { Logger } from '../ports/logger.js';
import type { StateDirectory } from '../ports/state-directory.js';
import type { Strategy, Target } from '../ports/strategy.js';
import type { DelegationStatus } from './delegation.js';

export interface EngineOptions {
  /** The strategies that may be used; which of them and in which order is the policy's word. */
  readonly strategies: readonly Strategy[];
  readonly store: EventStore;
  /** A checked policy, from parsePolicy() or defaultPolicy(). */
  readonly policy: Policy;
  readonly stateDirectory: StateDirectory;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger?: Logger;
  /**
   * Another strategy is about to serve a live delegation in the place of its own: its ways in, so that what
   * a successor is to find of each can be kept.
   */
  readonly onReplaced?: (delegationId: string, strategy: string, targets: readonly Target[]) => void;
  /** Delegations alive at a time; more are refused with DEPUTY_E_LIMIT_REACHED. Default 4096. */
  readonly maximumDelegations?: number;
}

export interface DelegateOptions {
  readonly target: Target;
  /**
   * A strategy's name. 'auto' takes the first of the policy's list that is possible and can hold the target
   * to the policy, and falls back to the next where one fails, each time with an event.
   */
  readonly strategy?: string;
  /** Who asks, for the event: 'runtime', 'run', 'library'. */
  readonly origin?: string;
  /** Called when it is about to be served, so that its id can be kept where a successor finds it. */
  readonly onServing?: (delegationId: string, strategy: string) => void;
  /**
   * Called when the target's listener is answered by nobody, and is to be closed by whoever made it: a
   * strategy without listeners serves, or none. Without it, such strategies are not used for a target with a
   * listener.
   */
  readonly onListenerUnused?: () => void;
  /**
   * The target as it is now; undefined while there is none. With it reconcile() delegates again to a
   * container that was started again: to one whose id or `restartCount` is another.
   */
  readonly findTarget?: () => Promise<Target | undefined>;
}

/** What reconcile() answers: when to ask again, or nothing when all is as it should be. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
  /** The delegation that took its place, as its container was started again. */
  readonly delegationId?: string;
}

/** What is known of a delegation that a process left behind. */
export interface AdoptOptions {
  readonly delegationId: string;
  readonly strategy: string;
  /** What was asked for: 'auto' where the policy's order decided. By default that strategy and no other. */
  readonly wanted?: string;
  /** Its ways in, the container's own first; listenerKey is the number that each has in the journal. */
  readonly targets: readonly Target[];
  /** Why the predecessor is gone, for the event. */
  readonly reason: string;
  /** Requests that it left unfinished. */
  readonly inFlight: number;
  readonly previousEpoch: number;
  /** As of DelegateOptions: a predecessor may have died before it was told. */
  readonly onListenerUnused?: () => void;
  /** One whose target is gone is left open: whoever asked settles it, and may know how it ended. */
  readonly leavesGone?: boolean;
}

/** The delegation engine: makes, follows and ends delegations. A host controller embeds one. */
export interface Engine {
  /**
   * Delegates to a target: assesses, admits, establishes. Resolves once the event store has it. A container
   * that is delegated already is joined. Throws DEPUTY_E_STRATEGY_REFUSED with the reasons.
   */
  delegate(options: DelegateOptions): Promise<DelegationStatus>;
  /**
   * Goes on with a delegation of a process that is gone: its listeners, under its id. Resolves when it is
   * served, which waits for no event store. Throws what the strategy throws; the delegation has failed then.
   */
  adopt(options: AdoptOptions): Promise<DelegationStatus>;
  /**
   * Ends the delegations of predecessors that nobody adopted: their targets ended while nobody was there, or
   * (`lost`, by id) live without a listener. `reason`: how they ended, where that is known. Resolves once the
   * sequencer has caught up; to be called when all that is to be adopted is.
   */
  settlePredecessors(lost?: ReadonlySet<string>, reason?: string): Promise<void>;
  /** Ends a delegation; resolves once the event store has it. */
  release(id: string, reason?: string): Promise<void>;
  /**
   * Looks at a delegation as it is now: level-triggered, to be called as often as wanted. One that is over
   * and whose target can be found (`findTarget`) is followed by another one as soon as its container runs
   * again, by exactly one. Throws what delegate() throws, and then tries again when it is called again.
   */
  reconcile(id: string): Promise<ReconcileResult>;
  /**
   * Looks whether targets still use handles: each spell in which one doesn't is told once, by an event
   * `delegation.degraded`. To be called now and then, each second say.
   */
  noticeDegradations(): void;
  /** All events from now on, or from a position of the store. */
  events(options?: {
    readonly fromPosition?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<DeputyEvent>;
  status(): { readonly delegations: readonly DelegationStatus[] };
  /**
   * Uses another policy: for new targets, and for those that are served. Where it rules out the strategy of
   * one, another takes its place: at once if it answers the same listeners, else when the target starts next.
   */
  setPolicy(policy: Policy): void;
  /** Releases everything and stops. Safe to call twice. */
  close(reason?: string): Promise<void>;
}
