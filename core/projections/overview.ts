import type { DeputyEvent } from '../events/event.js';
import type { Counts, EventError } from '../events/vocabulary.js';
import {
  type DelegationState,
  delegationAllows,
  evolveDelegation,
  initialDelegationState,
  isDelegationOver,
} from '../machines/delegation-state.js';

/** Errors that are shown, the newest first; and ended delegations whose end is remembered. */
const errorsKept = 20;
const endedKept = 1_000;

/** A tenant's delegations and what became of their requests, ended ones included. */
export interface TenantOverview {
  readonly live: number;
  readonly ended: number;
  readonly counts: Counts;
}

/** An error, and whose it was. */
export interface LastError extends EventError {
  readonly time: string;
  readonly tenant: string;
  readonly delegationId: string;
}

/** What a stream's events say, put together. */
export interface OverviewView {
  readonly live: readonly DelegationState[];
  readonly tenants: Readonly<Record<string, TenantOverview>>;
  readonly lastErrors: readonly LastError[];
  /** Events before this sequence are missing: what is said of older delegations may be too little. */
  readonly incompleteSince?: number;
  /** The last sequence that is in it. */
  readonly sequence: number;
}

interface Tenant {
  live: number;
  ended: number;
  counts: Counts;
}

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };

/**
 * Folds a stream's events into an overview. Where a delegation's beginning is missing it goes on with what
 * there is, and says so.
 */
export class Overview {
  private readonly live = new Map<string, DelegationState>();
  private readonly ended = new Set<string>();
  private readonly tenants = new Map<string, Tenant>();
  private readonly errors: LastError[] = [];
  /** Delegations of which events are missing, and from where. */
  private readonly partial = new Map<string, number>();
  private endedPartial: number | undefined;
  private sequence = 0;

  /** Takes in one more event; they come in the stream's order. */
  apply(event: DeputyEvent, sequence: number): void {
    const { delegationId } = event;
    this.sequence = sequence;
    const known = this.live.get(delegationId);
    if (known === undefined && this.ended.has(delegationId)) return;
    const before = known ?? initialDelegationState;
    if (event.version !== before.version + 1 && !this.partial.has(delegationId)) {
      this.partial.set(delegationId, sequence);
    }
    // From its snapshot on nothing is missing of a delegation.
    if (event.type === 'delegation.snapshot') this.partial.delete(delegationId);
    const after = evolve(before, event);
    this.count(event.tenant, before, after, known === undefined);
    this.noteError(event);
    if (isDelegationOver(after.name)) this.end(delegationId);
    else this.live.set(delegationId, after);
  }

  view(): OverviewView {
    const { sequence } = this;
    let incompleteSince = this.endedPartial;
    for (const since of this.partial.values()) incompleteSince = Math.min(since, incompleteSince ?? since);
    return {
      live: [...this.live.values()],
      tenants: Object.fromEntries(this.tenants),
      lastErrors: this.errors,
      ...(incompleteSince === undefined ? {} : { incompleteSince }),
      sequence,
    };
  }

  private count(name: string, before: DelegationState, after: DelegationState, isNew: boolean): void {
    const tenant = this.tenants.get(name) ?? { live: 0, ended: 0, counts: noCounts };
    this.tenants.set(name, tenant);
    if (isNew) tenant.live++;
    if (isDelegationOver(after.name)) {
      tenant.live--;
      tenant.ended++;
    }
    const grown = (kind: keyof Counts): number =>
      tenant.counts[kind] + after.counts[kind] - before.counts[kind];
    tenant.counts = {
      answered: grown('answered'),
      refused: grown('refused'),
      cancelled: grown('cancelled'),
      lost: grown('lost'),
    };
  }

  private noteError(event: DeputyEvent): void {
    const { type, time, tenant, delegationId } = event;
    if (type !== 'delegation.failed' && type !== 'delegation.refused' && type !== 'delegation.fellback')
      return;
    const { code, message, remedy } = event.data;
    this.errors.unshift({ time, tenant, delegationId, code, message, remedy });
    if (this.errors.length > errorsKept) this.errors.pop();
  }

  private end(delegationId: string): void {
    this.live.delete(delegationId);
    const since = this.partial.get(delegationId);
    if (since !== undefined) this.endedPartial = Math.min(since, this.endedPartial ?? since);
    this.partial.delete(delegationId);
    this.ended.add(delegationId);
    if (this.ended.size <= endedKept) return;
    const [eldest] = this.ended;
    this.ended.delete(eldest as string);
  }
}

/** Where the beginning is missing, what an event says of the state is believed. */
function evolve(before: DelegationState, event: DeputyEvent): DelegationState {
  if (delegationAllows(before.name, event.type)) return evolveDelegation(before, event);
  const name = stateBefore(event);
  return evolveDelegation({ ...before, name }, event);
}

/** A state in which an event of this type may come. */
export function stateBefore({ type }: DeputyEvent): DelegationState['name'] {
  const candidates = [
    'active',
    'releasing',
    'establishing',
    'admitted',
    'assessed',
    'requested',
    'none',
  ] as const;
  return candidates.find((name) => delegationAllows(name, type)) ?? 'none';
}
