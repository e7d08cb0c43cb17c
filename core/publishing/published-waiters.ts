/** Who waits until the event of a ticket is in the store. */
export class PublishedWaiters {
  private readonly waiters: { ticket: number; resolve: () => void }[] = [];

  wait(ticket: number): Promise<void> {
    return new Promise((resolve) => this.waiters.push({ ticket, resolve }));
  }

  /** All before `position` is in the store. */
  resolveBefore(position: number): void {
    for (let index = this.waiters.length - 1; index >= 0; index--) {
      const waiter = this.waiters[index];
      if (waiter === undefined || waiter.ticket >= position) continue;
      this.waiters.splice(index, 1);
      waiter.resolve();
    }
  }
}
