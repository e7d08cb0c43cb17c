import type { EventType } from '../events/event-versions.js';
import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { Establishment, Strategy, Target } from '../ports/strategy.js';

/** A delegation as the engine's callers see it. */
export interface DelegationStatus {
  readonly id: string;
  readonly state: string;
  readonly strategy: string;
  readonly tenant: string;
  readonly policyDigest: string;
  readonly containerId: string;
  readonly processId?: number;
  /** Which life of the container it is. */
  readonly restartCount?: number;
  readonly counts: Counts;
  /** Ways into the target that are served (listeners). */
  readonly entries: number;
  /** The target does not use handles, for this reason. */
  readonly degraded?: string;
}

export const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** A live delegation: the folded state, and the strategy at work. */
export class Delegation {
  establishment: Establishment | undefined;
  finished: Promise<void> | undefined;
  /** How often a strategy was to be established for it: only the last one is heard. */
  attempts = 0;
  /** Was it left to the policy which strategy serves? One by name has none to fall back to. */
  isAuto = false;
  /** Strategies that failed while they served this target, or were to. */
  readonly failed = new Set<string>();
  /** Those that had failed when it ran last: they come last. */
  failedBefore: ReadonlySet<string> = new Set();
  /** Closes the target's listener, where a strategy serves that answers none. */
  onListenerUnused: (() => void) | undefined;
  degraded: string | undefined;

  constructor(
    readonly id: string,
    readonly target: Target,
    public policy: ResolvedPolicy,
    public strategy: Strategy,
    public state: string,
    public lastEventType: EventType,
    readonly startedAtUs: number,
  ) {}

  status(): DelegationStatus {
    const { processId, restartCount } = this.target;
    return {
      id: this.id,
      state: this.state,
      strategy: this.strategy.name,
      tenant: this.policy.tenant,
      policyDigest: this.policy.digest,
      containerId: this.target.containerId,
      ...(processId === undefined ? {} : { processId }),
      ...(restartCount === undefined ? {} : { restartCount }),
      counts: this.establishment?.counts() ?? noCounts,
      entries: this.establishment?.entries ?? 0,
      ...(this.degraded === undefined ? {} : { degraded: this.degraded }),
    };
  }
}
