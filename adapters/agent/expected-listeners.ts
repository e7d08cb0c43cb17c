/** How long a take-over waits for a descriptor that the keeper says it has sent. */
const waitMs = 5_000;

/**
 * The listeners that a supervisor must have before it takes over: a message and its descriptor come by two
 * ways, and one that was served before must not be taken for a new one.
 */
export class ExpectedListeners {
  private readonly missing: Set<number>;
  private resolve: () => void = () => undefined;

  constructor(keys: readonly number[], isHere: (key: number) => boolean) {
    this.missing = new Set(keys.filter((key) => !isHere(key)));
  }

  /** It has come, or its target is gone. */
  settle(key: number): void {
    if (this.missing.delete(key) && this.missing.size === 0) this.resolve();
  }

  /** Resolves when none is missing: at once, mostly. False when the time is up. */
  async complete(): Promise<boolean> {
    if (this.missing.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), waitMs);
    });
    const all = new Promise<true>((resolve) => {
      this.resolve = () => resolve(true);
    });
    const isComplete = await Promise.race([all, late]);
    clearTimeout(timer);
    return isComplete;
  }
}
