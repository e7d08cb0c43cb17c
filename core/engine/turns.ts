/** Work on one thing is done in turn; on others it goes on meanwhile. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Does the work when all earlier work under this key has ended, well or not. */
  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.last.get(key) ?? Promise.resolve(undefined);
    const next = before.catch(() => undefined).then(work);
    this.last.set(key, next);
    try {
      return await next;
    } finally {
      if (this.last.get(key) === next) this.last.delete(key);
    }
  }
}
