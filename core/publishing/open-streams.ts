import type { DeputyEvent } from '../events/event.js';
import type { EventType } from '../events/registry.js';
import type { Counts } from '../events/vocabulary.js';
import type { DelegationStateName } from '../machines/delegation-life.js';
import { delegationAllows, isDelegationOver, nextDelegationState } from '../machines/delegation-state.js';
import type { OpenStream } from '../ports/sequencer.js';

const noCounts: Counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
const countNames = Object.keys(noCounts) as (keyof Counts)[];
/** What a request's event adds to. */
export const countOf = {
  'request.answered': 'answered',
  'request.refused': 'refused',
  'request.cancelled': 'cancelled',
  'request.lost': 'lost',
} as const;
/** Ended delegations whose counts can still be asked for. */
const endedRemembered = 1024;

interface Stream {
  version: number;
  tenant: string;
  state: DelegationStateName;
  counts: { -readonly [Kind in keyof Counts]: number };
}

/** A stream as a checkpoint keeps it. */
export interface StoredStream extends OpenStream {
  readonly version: number;
}

/**
 * The delegations whose streams are open, as the events so far say: version, state and counts. Kept by the
 * publisher, record by record, so that it is the same whoever reads the same journal.
 */
export class OpenStreams {
  private readonly streams = new Map<string, Stream>();
  private readonly ended = new Map<string, Counts>();

  /** The stream's next version, for one more event of this type. */
  advance(delegationId: string, tenant: string, type: EventType): number {
    const stream = this.of(delegationId, tenant);
    stream.version++;
    // What is not allowed is a defect that replaying finds; the stream goes on from where it is.
    if (delegationAllows(stream.state, type)) stream.state = nextDelegationState(stream.state, type);
    if (isDelegationOver(stream.state)) this.end(delegationId, stream);
    return stream.version;
  }

  /** The next version for a request's event, which changes no state. */
  next(delegationId: string, tenant: string): number {
    const stream = this.of(delegationId, tenant);
    stream.version++;
    return stream.version;
  }

  count(delegationId: string, tenant: string, kind: keyof Counts): void {
    this.of(delegationId, tenant).counts[kind]++;
  }

  countsOf(delegationId: string): Counts {
    return this.streams.get(delegationId)?.counts ?? this.ended.get(delegationId) ?? noCounts;
  }

  /** Takes in an event as the store has it, where no checkpoint tells more. */
  fold(event: DeputyEvent): void {
    const { delegationId, tenant, type, version } = event;
    const stream = this.of(delegationId, tenant);
    stream.version = version - 1;
    const kind = (countOf as { readonly [Type in EventType]?: keyof Counts })[type];
    if (kind !== undefined) stream.counts[kind]++;
    if (type === 'request.summary') {
      for (const key of countNames) stream.counts[key] += event.data.requests[key];
    }
    const { counts } = event.data as { readonly counts?: Counts };
    // Where a policy records less than each request, these say more than was seen.
    for (const key of countNames) stream.counts[key] = Math.max(stream.counts[key], counts?.[key] ?? 0);
    this.advance(delegationId, tenant, type);
  }

  /** The last number that was given; 0 for a stream that is not known. */
  versionOf(delegationId: string): number {
    return this.streams.get(delegationId)?.version ?? 0;
  }

  hasEnded(delegationId: string): boolean {
    return this.ended.has(delegationId);
  }

  /** What was known of a stream was not all. */
  forget(delegationId: string): void {
    this.streams.delete(delegationId);
  }

  restore(stored: readonly StoredStream[]): void {
    for (const { delegationId, version, tenant, state, counts } of stored) {
      this.streams.set(delegationId, { version, tenant, state, counts: { ...counts } });
    }
  }

  /** All open streams that have had an event of this journal. */
  list(): StoredStream[] {
    const stored: StoredStream[] = [];
    for (const [delegationId, { version, tenant, state, counts }] of this.streams) {
      if (state !== 'none') stored.push({ delegationId, version, tenant, state, counts: { ...counts } });
    }
    return stored;
  }

  private of(delegationId: string, tenant: string): Stream {
    let stream = this.streams.get(delegationId);
    if (stream === undefined) {
      stream = { version: 0, tenant, state: 'none', counts: { ...noCounts } };
      this.streams.set(delegationId, stream);
    }
    return stream;
  }

  /** Nothing follows in this stream, so its number needs no remembering. */
  private end(delegationId: string, { counts }: Stream): void {
    this.streams.delete(delegationId);
    this.ended.set(delegationId, counts);
    if (this.ended.size <= endedRemembered) return;
    const [eldest] = this.ended.keys();
    this.ended.delete(eldest as string);
  }
}
