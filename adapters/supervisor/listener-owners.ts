import { recordsPerSegment, segmentOf } from '../../core/journal/segment-layout.js';
import type { EventDraft } from '../../core/ports/sequencer.js';
import { JournalTail, type TailSink } from '../journal/journal-tail.js';
import { segmentsIn } from '../journal/last-segment.js';

import { parsePayload } from './event-payload.js';
import type { ListenerIdentity } from './listener-identity.js';
import { readCheckpoint } from './read-checkpoint.js';

/** The delegation that a listener belongs to, and the strategy that answers its calls. */
export interface ListenerOwner {
  readonly delegationId: string;
  readonly strategy: string;
}

const batchRecords = 1_024;

/**
 * Whose each listener is, as predecessors wrote into the journal before they answered its first call: the
 * word that they sent to the keeper of it may have been lost with them. Reads what no checkpoint covers, and
 * the segment before, where a delegation that is new at the checkpoint was admitted. `before`: the first
 * segment that is not a predecessor's.
 */
export function readListenerOwners(journalDirectory: string, before: number): Map<number, ListenerOwner> {
  const [eldest] = segmentsIn(journalDirectory);
  const checkpoint = readCheckpoint(journalDirectory);
  const owners = new Owners();
  if (eldest === undefined) return new Map();
  for (const identity of checkpoint?.listeners ?? []) owners.know(identity);
  const isOpen = new Set(checkpoint?.streams.map(({ delegationId }) => delegationId));
  owners.keep((delegationId) => isOpen.has(delegationId));
  const from = Math.max(eldest, segmentOf(checkpoint?.position ?? 0) - 1);
  const end = before * recordsPerSegment;
  const tail = new JournalTail(journalDirectory, from * recordsPerSegment, end);
  try {
    while (tail.position < end && tail.read(owners, Math.min(batchRecords, end - tail.position)) > 0);
  } finally {
    tail.close();
  }
  return owners.known();
}

class Owners implements TailSink {
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
    else this.draft(payload.draft);
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
