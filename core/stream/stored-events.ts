import { type DeputyError, deputyError } from '../errors/deputy-error.js';
import { eventId } from '../events/event-id.js';
import type { StreamMessage } from '../ports/stream.js';
import type { Outgoing } from './outgoing.js';
import { eventOfId, isOwn, type Writer } from './stored-versions.js';

/** A delegation's events that stand in a stream behind some place. */
export interface StoredRange {
  readonly first: number;
  readonly last: number;
}

/** What was read of a stream behind a place. */
export interface Behind {
  /** By delegation. */
  readonly ranges: ReadonlyMap<string, StoredRange>;
  /** The first one that is somebody else's. */
  readonly stranger?: StreamMessage | undefined;
  /** The id of one that is not there, although a later one of its delegation is, behind the stranger. */
  readonly missing?: string | undefined;
}

/** What is read: a stream from its beginning, or behind what is known; and whose events count. */
export interface ReadScope {
  readonly counts: (message: StreamMessage) => boolean;
  /** Each delegation begins in it. */
  readonly isWhole: boolean;
}

/** Reads what a stream has; `messages` come in its order. */
export async function readBehind(
  messages: AsyncIterable<StreamMessage>,
  own: Writer,
  scope: ReadScope = { counts: ({ writer }) => writer === own.id, isWhole: false },
): Promise<Behind> {
  const ranges = new Map<string, StoredRange>();
  let stranger: StreamMessage | undefined;
  let missing: Behind['missing'];
  for await (const message of messages) {
    if (!isOwn(message, own)) stranger ??= message;
    const event = scope.counts(message) ? eventOfId(message.id) : undefined;
    if (event === undefined) continue;
    const { streamId, version } = event;
    const known = ranges.get(streamId);
    const { first, last } = known ?? { first: version, last: scope.isWhole ? 0 : version };
    // Where a stream lost its end and the journal had let go of it, numbers went on behind a hole; that was
    // told then. And what another writer left out is not for us to bring.
    const isOurs = message.writer === own.id;
    if (isOurs && stranger !== undefined && version > last + 1) missing ??= eventId(streamId, last + 1);
    ranges.set(streamId, { first, last: Math.max(last, version) });
  }
  return { ranges, stranger, missing };
}

/** An event is missing from a stream that has later ones of its delegation. */
export function gapAt(stream: string, event: string): DeputyError {
  return deputyError('DEPUTY_E_STREAM_GAP', { stream, event });
}

/** What a stream has already of the events that are handed in, as far as it is known. */
export class StoredEvents {
  private readonly ranges: Map<string, StoredRange>;
  /** So many of the next events stand in the stream, or stood there until their age took them. */
  private gone = 0;

  constructor(ranges: ReadonlyMap<string, StoredRange> = new Map()) {
    this.ranges = new Map(ranges);
  }

  get isEmpty(): boolean {
    return this.ranges.size === 0 && this.gone === 0;
  }

  /** Learns of what was read; `taken`: so many before that went by their age. */
  add({ ranges, stranger }: Behind, taken: number): void {
    // Among those that went were others' too, perhaps: how many were ours can't be known then.
    const isUnsure = taken > 0 && stranger !== undefined;
    if (!isUnsure) this.gone += taken;
    for (const [streamId, { first, last }] of ranges) {
      const known = this.ranges.get(streamId)?.first ?? (isUnsure ? 1 : first);
      this.ranges.set(streamId, { first: known, last });
    }
  }

  /** Is it missing, with a later one of its delegation in the stream? */
  isMissing({ streamId, version }: Outgoing): boolean {
    return this.gone === 0 && version < (this.ranges.get(streamId)?.first ?? 0);
  }

  /** Does the stream have it? Asked of each once, in their order: what is gone of a stream comes first. */
  take({ streamId, version }: Outgoing): boolean {
    if (this.gone > 0) {
      this.gone--;
      return true;
    }
    const range = this.ranges.get(streamId);
    if (range === undefined) return false;
    if (version <= range.last) return true;
    // From here on all of this delegation's events are new.
    this.ranges.delete(streamId);
    return false;
  }
}
