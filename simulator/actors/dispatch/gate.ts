/** Something that others wait for: it opens, or it fails, once. */
export class Gate {
  private settle: { readonly open: () => void; readonly fail: (error: Error) => void } | undefined;
  private readonly settled: Promise<void>;

  constructor() {
    this.settled = new Promise((open, fail) => {
      this.settle = { open, fail };
    });
    // Whoever does not wait does not mind.
    this.settled.catch(() => undefined);
  }

  open(): void {
    this.settle?.open();
  }

  fail(error: Error): void {
    this.settle?.fail(error);
  }

  wait(): Promise<void> {
    return this.settled;
  }
}
