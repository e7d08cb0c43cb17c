import type { EventType } from '../events/registry.js';
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
  readonly counts: Counts;
  /** Ways into the target that are served (listeners). */
  readonly entries: number;
}

export const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/** A live delegation: the folded state, and the strategy at work. */
export class Delegation {
  establishment: Establishment | undefined;
  finished: Promise<void> | undefined;

  constructor(
    readonly id: string,
    readonly target: Target,
    readonly policy: ResolvedPolicy,
    readonly strategy: Strategy,
    public state: string,
    public lastEventType: EventType,
    readonly startedAtUs: number,
  ) {}

  status(): DelegationStatus {
    const { processId } = this.target;
    return {
      id: this.id,
      state: this.state,
      strategy: this.strategy.name,
      tenant: this.policy.tenant,
      policyDigest: this.policy.digest,
      containerId: this.target.containerId,
      ...(processId === undefined ? {} : { processId }),
      counts: this.establishment?.counts() ?? noCounts,
      entries: this.establishment?.entries ?? 0,
    };
  }
}
