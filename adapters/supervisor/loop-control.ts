const word = { request: 0, listener: 1, only: 2, oldestSegment: 3, stop: 4, threadId: 5 } as const;

/**
 * The few words by which a loop and the main thread see each other while the loop can't take messages: what
 * it is in, and what it should do when it comes out.
 */
export class LoopControl {
  private readonly words: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(64)) {
    this.words = new Int32Array(buffer);
  }

  /** The loop begins a request of this listener. */
  enter(listener: number): void {
    this.words[word.request] = ((this.words[word.request] as number) + 1) | 0;
    this.words[word.listener] = listener;
  }

  /** The loop is out of it. */
  leave(): void {
    this.words[word.listener] = 0;
  }

  /** What the loop is in: listener 0 is nothing. `request` differs for each. */
  current(): { request: number; listener: number } {
    return {
      request: Atomics.load(this.words, word.request),
      listener: Atomics.load(this.words, word.listener),
    };
  }

  /** From now on the loop serves this listener alone. */
  quarantine(listener: number): void {
    Atomics.store(this.words, word.only, listener);
  }
  get only(): number {
    return this.words[word.only] as number;
  }

  /** Tells the loop to end when it has finished what it is in. */
  stop(): void {
    Atomics.store(this.words, word.stop, 1);
  }
  get stopping(): boolean {
    return this.words[word.stop] !== 0;
  }

  /** Oldest journal segment that the loop may still write to. */
  set oldestSegment(segment: number) {
    this.words[word.oldestSegment] = segment;
  }
  get oldestSegment(): number {
    return Atomics.load(this.words, word.oldestSegment);
  }

  set threadId(id: number) {
    this.words[word.threadId] = id;
  }
  get threadId(): number {
    return Atomics.load(this.words, word.threadId);
  }
}
