import type { DeputyEvent } from '../../core/events/event.js';
import { upcastStoredEvent } from '../../core/events/validate-event.js';
import type { StoredEvent } from '../../core/ports/event-store.js';
import { SegmentCursor } from './segment-cursor.js';
import { listSegments, type Segment } from './segment-files.js';

/** Which closed segments need not be read. */
export type SkipSegment = (segment: Segment) => boolean;

/**
 * Walks the events of a directory from a position on, across segments, while another process may write,
 * rotate and drop them.
 */
export class SegmentWalker {
  readonly #directory: string;
  readonly #skipSegment: SkipSegment;
  #fromPosition: number;
  #segment: Segment | undefined;
  #cursor: SegmentCursor | undefined;
  /** A newer segment has been seen, so nothing more is written to the current one. */
  #isSealed = false;

  constructor(directory: string, fromPosition: number, skipSegment: SkipSegment = () => false) {
    this.#directory = directory;
    this.#fromPosition = Math.max(1, fromPosition);
    this.#skipSegment = skipSegment;
  }

  /** The next events, some at a time; none if the end is reached for now. */
  async next(): Promise<StoredEvent[]> {
    for (;;) {
      const cursor = this.#cursor ?? (await this.#openSegment());
      if (cursor === undefined) {
        return [];
      }
      const firstPosition = (this.#segment?.firstPosition ?? 1) + cursor.lineCount;
      const lines = await cursor.readLines();
      const events = this.#takeEvents(cursor, lines, firstPosition);
      if (events.length > 0) {
        return events;
      }
      if (lines.length === 0 && (await this.#isAtEnd(cursor))) {
        return [];
      }
    }
  }

  /** Goes to the end without parsing what lies before it; only what is appended later is walked. */
  async skipToEnd(): Promise<void> {
    this.#fromPosition = Number.POSITIVE_INFINITY;
    await this.next();
    this.#fromPosition = (this.#segment?.firstPosition ?? 1) + (this.#cursor?.lineCount ?? 0);
  }

  async close(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.close();
  }

  #takeEvents(cursor: SegmentCursor, lines: readonly Buffer[], firstPosition: number): StoredEvent[] {
    const events: StoredEvent[] = [];
    for (const [index, line] of lines.entries()) {
      const position = firstPosition + index;
      if (position >= this.#fromPosition) {
        const event = parseEvent(line, () =>
          cursor.corrupt('it is not JSON', cursor.lineCount - lines.length + index + 1),
        );
        events.push({ position, streamId: event.delegationId, event });
      }
    }
    if (lines.length > 0 && this.#fromPosition !== Number.POSITIVE_INFINITY) {
      this.#fromPosition = Math.max(this.#fromPosition, firstPosition + lines.length);
    }
    return events;
  }

  /** Is the current segment's end the store's end? If not, the next call goes on in a newer segment. */
  async #isAtEnd(cursor: SegmentCursor): Promise<boolean> {
    if (this.#newerSegments().length === 0) {
      return true;
    }
    if (!this.#isSealed) {
      // The last lines may have been written after this segment was read and before the newer one was seen.
      this.#isSealed = true;
      return false;
    }
    if (await cursor.hasRemainder()) {
      throw cursor.corrupt('an unfinished line in a segment that is closed');
    }
    await this.close();
    return false;
  }

  #newerSegments(): Segment[] {
    const current = this.#segment?.firstPosition ?? 0;
    return listSegments(this.#directory).filter(({ firstPosition }) => firstPosition > current);
  }

  /** The first segment to read, or the one after the current. */
  async #openSegment(): Promise<SegmentCursor | undefined> {
    const candidates = this.#newerSegments();
    const firstIndex =
      this.#segment === undefined
        ? Math.max(
            0,
            candidates.findLastIndex(({ firstPosition }) => firstPosition <= this.#fromPosition),
          )
        : 0;
    for (const [index, segment] of candidates.entries()) {
      const isLast = index === candidates.length - 1;
      if (index >= firstIndex && (isLast || !this.#skipSegment(segment))) {
        const cursor = await openIfPresent(segment);
        if (cursor !== undefined) {
          this.#segment = segment;
          this.#cursor = cursor;
          this.#isSealed = false;
          return cursor;
        }
      }
    }
    return undefined;
  }
}

/** Retention may drop a segment between listing and opening it; then the next one is the oldest. */
async function openIfPresent(segment: Segment): Promise<SegmentCursor | undefined> {
  try {
    return await SegmentCursor.open(segment.path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

function parseEvent(line: Buffer, corrupt: () => Error): DeputyEvent {
  let event: DeputyEvent;
  try {
    event = JSON.parse(line.toString()) as DeputyEvent;
  } catch {
    throw corrupt();
  }
  return upcastStoredEvent(event);
}
