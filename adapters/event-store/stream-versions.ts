import type { SegmentIndex } from './segment-index.js';

/**
 * Each stream's last version, in bounded memory: exact for the segment that is being written (which is of
 * bounded size), remembered for the streams used last, else looked up in the closed segments' indexes.
 */
export class StreamVersions {
  readonly #capacity: number;
  readonly #closedIndexes: () => Iterable<SegmentIndex>;
  readonly #remembered = new Map<string, number>();
  #current = new Map<string, number>();

  /** `closedIndexes` gives the closed segments' indexes, the newest first. */
  constructor(closedIndexes: () => Iterable<SegmentIndex>, capacity: number) {
    this.#closedIndexes = closedIndexes;
    this.#capacity = capacity;
  }

  /** The streams of the segment that is being written. */
  get current(): ReadonlyMap<string, number> {
    return this.#current;
  }

  /** The stream's last version; 0 if it is nowhere. */
  get(streamId: string): number {
    return this.#current.get(streamId) ?? this.#remembered.get(streamId) ?? this.#lookUp(streamId);
  }

  /** Something was appended to the segment that is being written. */
  set(streamId: string, version: number): void {
    this.#current.set(streamId, version);
  }

  /** A new segment begins. */
  startSegment(versions: ReadonlyMap<string, number> = new Map()): void {
    for (const [streamId, version] of this.#current) {
      this.#remember(streamId, version);
    }
    this.#current = new Map(versions);
  }

  #lookUp(streamId: string): number {
    let found = 0;
    for (const { versions } of this.#closedIndexes()) {
      found = versions.get(streamId) ?? 0;
      if (found > 0) {
        break;
      }
    }
    this.#remember(streamId, found);
    return found;
  }

  #remember(streamId: string, version: number): void {
    this.#remembered.delete(streamId);
    this.#remembered.set(streamId, version);
    if (this.#remembered.size > this.#capacity) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest as string);
    }
  }
}
