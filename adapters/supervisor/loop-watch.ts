import type { LoopHandle } from './loop-handle.js';

/** What a loop is in, and for how long it has been seen in it. */
export interface LoopStay {
  readonly listener: number;
  readonly waitedMs: number;
}

/** Sees, from one look to the next, how long each loop has been in one request. */
export class LoopWatch {
  private readonly seen = new Map<LoopHandle, { request: number; sinceMs: number }>();

  /** The loop's stay in its present request; 0 ms when it is in none or in another than at the last look. */
  look(loop: LoopHandle, nowMs: number): LoopStay {
    const { request, listener } = loop.control.current();
    const seen = this.seen.get(loop);
    if (listener !== 0 && seen?.request === request) return { listener, waitedMs: nowMs - seen.sinceMs };
    this.seen.set(loop, { request, sinceMs: nowMs });
    return { listener, waitedMs: 0 };
  }

  forget(loop: LoopHandle): void {
    this.seen.delete(loop);
  }
}
