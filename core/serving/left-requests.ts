import type { OpenRecord } from '../journal/open-record-scan.js';

/** What predecessors left unfinished, until the listeners come that it came from, or are known to be gone. */
export class LeftRequests {
  private readonly waiting = new Map<number, Uint8Array[]>();
  /** Listeners that are gone, while a loop ends what they left. */
  private readonly ending = new Set<number>();
  private hasAll = false;
  private readonly told: (() => void)[] = [];

  add(records: readonly OpenRecord[]): void {
    for (const { listener, bytes } of records) {
      const known = this.waiting.get(listener);
      if (known === undefined) this.waiting.set(listener, [bytes]);
      else known.push(bytes);
    }
  }

  countOf(key: number): number {
    return this.waiting.get(key)?.length ?? 0;
  }

  /** A listener has come: what it left. */
  take(key: number): readonly Uint8Array[] {
    const left = this.waiting.get(key) ?? [];
    this.waiting.delete(key);
    return left;
  }

  /** No more listeners come: what those left that did not, for a loop to end it. */
  endRest(): ReadonlyMap<number, readonly Uint8Array[]> {
    const rest = new Map(this.waiting);
    for (const key of rest.keys()) this.ending.add(key);
    this.waiting.clear();
    this.hasAll = true;
    this.tell();
    return rest;
  }

  /** A loop has ended what a listener left. */
  ended(key: number): void {
    this.ending.delete(key);
    this.tell();
  }

  /** Once nothing is left of listeners that did not come: what they left has its end in the journal. */
  whenEnded(): Promise<void> {
    return new Promise((resolve) => {
      this.told.push(resolve);
      this.tell();
    });
  }

  private tell(): void {
    if (this.isHandedOut) for (const resolve of this.told.splice(0)) resolve();
  }

  /** Is all of it in the hands of whoever took it, or ended? */
  get isHandedOut(): boolean {
    return this.hasAll && this.ending.size === 0;
  }
}
