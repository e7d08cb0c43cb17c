import type { Counts } from '../../core/events/vocabulary.js';

/**
 * What the publisher knows of a listener: whose requests its records are. Written into the journal as well.
 */
export interface ListenerIdentity {
  readonly key: number;
  readonly delegationId: string;
  readonly tenant: string;
  readonly record: 'each' | 'failures' | 'summary';
}

/** Counts by listener, kept by the publisher as records are committed. */
export class ListenerCounts {
  private readonly counts = new Map<number, { -readonly [Kind in keyof Counts]: number }>();

  add(key: number, kind: keyof Counts): void {
    let counts = this.counts.get(key);
    if (counts === undefined) {
      counts = { answered: 0, refused: 0, cancelled: 0, lost: 0 };
      this.counts.set(key, counts);
    }
    counts[kind]++;
  }

  of(key: number): Counts {
    return this.counts.get(key) ?? { answered: 0, refused: 0, cancelled: 0, lost: 0 };
  }

  forget(key: number): void {
    this.counts.delete(key);
  }
}
