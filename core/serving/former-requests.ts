import type { ServedState } from './served-state.js';

/**
 * What predecessors left unfinished, listener by listener. A listener is listened to only when all of its
 * own is in hand: a thread's next call must find its last one ended.
 */
export class FormerRequests<Served extends ServedState> {
  private readonly waiting: Served[] = [];

  constructor(
    /** Nothing of the listener is left. */
    private readonly listen: (served: Served) => void,
  ) {}

  get isPending(): boolean {
    return this.waiting.length > 0;
  }

  add(served: Served): void {
    if (served.former.length > 0) this.waiting.push(served);
    else this.listen(served);
  }

  /**
   * The next request to go on with; taken() says that it is in hand. `only`: the one listener that this loop
   * is left to, or 0.
   */
  next(only: number): { readonly served: Served; readonly former: Uint8Array } | undefined {
    for (let served = this.waiting[0]; served !== undefined; served = this.waiting[0]) {
      const isOurs = (only === 0 || only === served.listener.key) && !served.leaving;
      const [former] = served.former;
      if (isOurs && former !== undefined) return { served, former };
      this.waiting.shift();
      if (isOurs) this.listen(served);
    }
    return undefined;
  }

  taken(served: Served): void {
    served.former = served.former.slice(1);
  }

  /** Goes on with all, as long as `recover` finds room for the next. */
  run(only: number, recover: (served: Served, former: Uint8Array) => boolean): void {
    for (let next = this.next(only); next !== undefined; next = this.next(only)) {
      if (!recover(next.served, next.former)) return;
      this.taken(next.served);
    }
  }
}
