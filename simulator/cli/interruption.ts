/** One Ctrl-C may reach a program twice: by the terminal, and by what started it. */
const sameMs = 500;

/** Ends something early: on SIGINT or SIGTERM, or after so long. A later signal ends the program at once. */
export class Interruption {
  private readonly controller = new AbortController();
  private signalledMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = (): void => {
    const nowMs = performance.now();
    if (this.bySignal && nowMs - this.signalledMs > sameMs) process.exit(130);
    if (!this.bySignal) this.signalledMs = nowMs;
    this.bySignal = true;
    this.controller.abort();
  };
  /** Did somebody ask for it? */
  bySignal = false;

  constructor(afterMs?: number) {
    process.on('SIGINT', this.stop);
    process.on('SIGTERM', this.stop);
    if (afterMs === undefined) return;
    this.timer = setTimeout(() => this.controller.abort(), afterMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Nothing is left to be interrupted. */
  end(): void {
    process.off('SIGINT', this.stop);
    process.off('SIGTERM', this.stop);
    clearTimeout(this.timer);
  }
}
