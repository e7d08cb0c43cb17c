import type { Policy } from '../policy/schema.js';
import type { Clock } from '../ports/clock.js';
import type { EventStore } from '../ports/event-store.js';
import type { Ids } from '../ports/ids.js';
import type { Logger } from '../ports/logger.js';
import type { StateDirectory } from '../ports/state-directory.js';
import type { Strategy, Target } from '../ports/strategy.js';

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
  /** Delegations alive at a time; more are refused with DEPUTY_E_LIMIT_REACHED. Default 4096. */
  readonly maximumDelegations?: number;
}

export interface DelegateOptions {
  readonly target: Target;
  /** A strategy's name; 'auto' takes the first of the policy's list that is possible. */
  readonly strategy?: string;
  /** Who asks, for the event: 'runtime', 'run', 'library'. */
  readonly origin?: string;
}

/** What reconcile() answers: when to ask again, or nothing when all is as it should be. */
export interface ReconcileResult {
  readonly requeueAfterMs?: number;
}
