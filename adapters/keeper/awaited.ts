interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who waits for a listener to be served, or to be refused. */
export class Awaited {
  private readonly waiters = new Map<number, Waiter>();

  wait(key: number): Promise<void> {
    return new Promise((resolve, reject) => this.waiters.set(key, { resolve, reject }));
  }

  served(key: number): void {
    this.waiters.get(key)?.resolve();
    this.waiters.delete(key);
  }

  refused(key: number, error: Error): void {
    this.waiters.get(key)?.reject(error);
    this.waiters.delete(key);
  }
}
