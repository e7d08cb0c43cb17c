/** Something that happens once, or fails; whoever waits hears of it, also afterwards. */
export class Gate {
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private readonly promise: Promise<void>;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.promise.catch(() => undefined);
  }

  open(): void {
    this.settle?.resolve();
  }

  fail(error: Error): void {
    this.settle?.reject(error);
  }

  wait(): Promise<void> {
    return this.promise;
  }
}
