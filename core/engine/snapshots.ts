import { escapeText, eventTenant } from '../events/escape-text.js';
import type { EventDraft } from '../ports/sequencer.js';
import type { DelegationStatus } from './delegation.js';

/** When a delegation's state is put into its stream once more. */
export interface SnapshotLimits {
  /** So long after the one before, milliseconds. */
  readonly everyMs: number;
  /** Or as soon as so many requests have ended since: a stream may be bounded in size. */
  readonly everyRequests: number;
}

interface Written {
  readonly atMs: number;
  readonly requests: number;
}

const textLimit = 1024;

/** Decides when a live delegation is due for a `delegation.snapshot`. It is told the time. */
export class Snapshots {
  private readonly written = new Map<string, Written>();

  constructor(private readonly limits: SnapshotLimits) {}

  /** The snapshots that are due at `nowMs`. One that is seen for the first time has its beginning yet. */
  due(delegations: readonly DelegationStatus[], nowMs: number): EventDraft<'delegation.snapshot'>[] {
    const active = delegations.filter(({ state }) => state === 'active');
    const ids = new Set(active.map(({ id }) => id));
    for (const id of this.written.keys()) if (!ids.has(id)) this.written.delete(id);
    return active.filter((one) => this.isDue(one, nowMs)).map(snapshotOf);
  }

  private isDue({ id, counts }: DelegationStatus, nowMs: number): boolean {
    const requests = counts.answered + counts.refused + counts.cancelled + counts.lost;
    const before = this.written.get(id);
    const { everyMs, everyRequests } = this.limits;
    const isDue =
      before !== undefined && (nowMs - before.atMs >= everyMs || requests - before.requests >= everyRequests);
    if (before === undefined || isDue) this.written.set(id, { atMs: nowMs, requests });
    return isDue;
  }
}

function snapshotOf(status: DelegationStatus): EventDraft<'delegation.snapshot'> {
  const { id, tenant, strategy, policyDigest, counts, containerId, entries } = status;
  return {
    type: 'delegation.snapshot',
    delegationId: id,
    tenant: eventTenant(tenant),
    correlationId: id,
    causationId: id,
    data: {
      state: 'active',
      strategy,
      policyDigest,
      counts,
      containerId: escapeText(containerId, textLimit),
      listeners: entries,
    },
  };
}
