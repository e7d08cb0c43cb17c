import type { ServedState } from './served-state.js';

/**
 * What predecessors left unfinished, listener by listener. A listener is listened to only when all of its
 * own is in hand: a thread's next call must find its last one ended.
 */
export class FormerRequests<Served extends ServedState> {
  private readonly waiting: Served[] = [];

  constructor(
    /** Goes on with one request; false when there is no room in the journal yet. */
    private readonly recover: (served: Served, former: Uint8Array) => boolean,
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

  /** Goes on as far as there is room. `only`: the one listener that this loop is left to, or 0. */
  run(only: number): void {
    for (let served = this.waiting[0]; served !== undefined; served = this.waiting[0]) {
      const isOurs = (only === 0 || only === served.listener.key) && !served.leaving;
      for (let former = served.former[0]; isOurs && former !== undefined; former = served.former[0]) {
        if (!this.recover(served, former)) return;
        served.former = served.former.slice(1);
      }
      this.waiting.shift();
      if (isOurs) this.listen(served);
    }
  }
}
