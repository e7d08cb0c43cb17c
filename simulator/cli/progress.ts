const intervalMs = 200;
const plainIntervalMs = 5_000;

/** Progress on stderr: one line that is written over on a terminal, a line now and then when asked for. */
export class Progress {
  private lastMs = 0;
  private hasLine = false;
  private readonly isTerminal = process.stderr.isTTY === true;

  constructor(private readonly isWanted: boolean) {}

  /** Shows a text, unless the last one is too young. */
  show(text: () => string): void {
    if (!this.isTerminal && !this.isWanted) return;
    const nowMs = performance.now();
    if (this.lastMs > 0 && nowMs - this.lastMs < (this.isTerminal ? intervalMs : plainIntervalMs)) return;
    this.lastMs = nowMs;
    if (!this.isTerminal) {
      process.stderr.write(`${text()}\n`);
      return;
    }
    this.hasLine = true;
    process.stderr.write(`\r${text().slice(0, (process.stderr.columns ?? 80) - 1)}\u001b[K`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.hasLine) process.stderr.write('\r\u001b[K');
    this.hasLine = false;
  }
}
