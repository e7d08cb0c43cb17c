/** Time that passes, in milliseconds, and what happens when some has. */
export interface Timers {
  /** Since some moment; never goes back. */
  nowMs(): number;
  /**
   * Calls `run` once, unless what it gives back was called before. `isIdle`: nobody waits for it, and a
   * process with nothing else to do may end.
   */
  after(ms: number, run: () => void, isIdle?: boolean): () => void;
  /** Lets everybody else have a turn. */
  turn(): Promise<unknown>;
}

/** Waits. */
export function rest(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(ms, resolve);
  });
}
