/**
 * Counters that all threads of a supervisor share: slots (in blocks), tickets, and a word to sleep on. A
 * ticket is a record's place in the order of all events.
 */
export class SharedCounters {
  private readonly wide: BigInt64Array;
  private readonly words: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(64)) {
    this.wide = new BigInt64Array(buffer, 0, 2);
    this.words = new Int32Array(buffer, 16, 8);
  }

  /** Sets where numbering starts; before any thread uses the counters. */
  start(first: number): void {
    this.wide[0] = BigInt(first);
    this.wide[1] = BigInt(first);
  }

  /** Reserves `count` slots in a row: the first. */
  takeSlots(count: number): number {
    return Number(Atomics.add(this.wide, 0, BigInt(count)));
  }

  get nextSlot(): number {
    return Number(Atomics.load(this.wide, 0));
  }

  /** The next ticket. */
  takeTicket(): number {
    return Number(Atomics.add(this.wide, 1, 1n));
  }

  get nextTicket(): number {
    return Number(Atomics.load(this.wide, 1));
  }

  /** Tells the thread that follows the journal that there is more; costs little when it isn't asleep. */
  announce(): void {
    if (Atomics.exchange(this.words, 0, 1) === 0) Atomics.notify(this.words, 0);
  }

  /** Resolves when something was announced since the last call, or at once if it already was. */
  async announced(): Promise<void> {
    const waiting = (Atomics as unknown as WaitAsync).waitAsync(this.words, 0, 0);
    if (waiting.async) await waiting.value;
    Atomics.store(this.words, 0, 0);
  }
}

/** Atomics.waitAsync is in Node 20 but not yet in TypeScript's ES2023 library. */
interface WaitAsync {
  waitAsync(
    array: Int32Array,
    index: number,
    value: number,
  ): { async: false; value: string } | { async: true; value: Promise<string> };
}
