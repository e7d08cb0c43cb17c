/** Ends something early: on SIGINT or SIGTERM, or after so long. A second signal ends the program at once. */
export class Interruption {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = (): void => {
    if (this.bySignal) process.exit(130);
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
