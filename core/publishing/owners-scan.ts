import type { EventDraft } from '../ports/sequencer.js';
import { parsePayload } from './event-payload.js';
import type { ListenerIdentity } from './listener-identity.js';

/** The delegation that a listener belongs to, and the strategy that answers its calls. */
export interface ListenerOwner {
  readonly delegationId: string;
  readonly strategy: string;
}

/** Finds out whose each listener is, shown the journal's records in their order. */
export class OwnersScan {
  private readonly delegations = new Map<number, string>();
  private readonly strategies = new Map<string, string>();

  request(): void {
    // Requests say nothing of whose they are; their listeners do.
  }

  event(text: string): void {
    const payload = parsePayload(text);
    // What is damaged is said by whoever publishes it, and must not keep a successor from serving.
    if (payload === undefined) return;
    if (payload.kind === 'listener') this.know(payload.identity);
    else if (payload.kind === 'gone') this.delegations.delete(payload.key);
    else if (payload.kind === 'draft') this.draft(payload.draft);
  }

  know({ key, delegationId }: ListenerIdentity): void {
    this.delegations.set(key, delegationId);
  }

  keep(holds: (delegationId: string) => boolean): void {
    for (const [key, delegationId] of this.delegations) {
      if (!holds(delegationId)) this.delegations.delete(key);
    }
  }

  known(): Map<number, ListenerOwner> {
    const known = new Map<number, ListenerOwner>();
    for (const [key, delegationId] of this.delegations) {
      const strategy = this.strategies.get(delegationId);
      if (strategy !== undefined) known.set(key, { delegationId, strategy });
    }
    return known;
  }

  private draft({ type, delegationId, data }: EventDraft): void {
    if (type === 'delegation.establishing') {
      this.strategies.set(delegationId, (data as { strategy: string }).strategy);
    }
    const isEnd = type === 'delegation.released' || type === 'delegation.failed';
    if (isEnd) this.keep((known) => known !== delegationId);
  }
}
