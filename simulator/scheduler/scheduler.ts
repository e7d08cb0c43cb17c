/** Whose events these are: when it is gone they no longer happen. */
export interface Owner {
  readonly alive: boolean;
  /** Until this time its events wait: it hangs, or runs slowly. */
  readonly heldUntilUs?: number;
}

interface Scheduled {
  readonly timeUs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  readonly cause: number | null;
  readonly run: () => void;
}

/**
 * Virtual time, in whole microseconds, and what happens when: one event at a time, those of one moment in the
 * order in which they were asked for. A completion of an asynchronous port is an event as any other.
 */
export class Scheduler {
  private readonly heap: Scheduled[] = [];
  private count = 0;
  nowUs = 0;
  /** The trace entry that the present event goes back to. */
  cause: number | null = null;

  get pending(): number {
    return this.heap.length;
  }

  /** Has `run` called `delayUs` from now, unless its owner is gone by then. */
  after(delayUs: number, owner: Owner | undefined, run: () => void): void {
    const timeUs = this.nowUs + Math.max(0, Math.round(delayUs));
    this.push({ timeUs, order: this.count++, owner, cause: this.cause, run });
  }

  /** The time of the next event; infinite when there is none. */
  get nextUs(): number {
    return this.heap[0]?.timeUs ?? Number.POSITIVE_INFINITY;
  }

  /** Lets the next event happen: false when there is none. */
  step(): boolean {
    const event = this.pop();
    if (event === undefined) return false;
    this.nowUs = event.timeUs;
    const { owner } = event;
    if (owner !== undefined && !owner.alive) return true;
    const heldUntilUs = owner?.heldUntilUs ?? 0;
    if (heldUntilUs > this.nowUs) {
      if (Number.isFinite(heldUntilUs)) this.push({ ...event, timeUs: heldUntilUs, order: this.count++ });
      return true;
    }
    this.cause = event.cause;
    event.run();
    return true;
  }

  private push(event: Scheduled): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Scheduled;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): Scheduled | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Scheduled)) child++;
      const below = heap[child] as Scheduled;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.timeUs < other.timeUs || (one.timeUs === other.timeUs && one.order < other.order);
}
