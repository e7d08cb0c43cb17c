import type { JetStream, StoredMessage } from './jet-stream.js';

/** How a consumer is set. */
export interface ConsumerLimits {
  /** What is not acknowledged for so long comes again. */
  readonly acknowledgeWithinUs: number;
  /** So many are delivered and not acknowledged at most. */
  readonly unacknowledged: number;
}

/** A message that a consumer gets: how manieth time. */
export interface DeliveredMessage {
  readonly message: StoredMessage;
  readonly attempt: number;
}

interface Pending {
  attempts: number;
  /** It comes again then. */
  dueAtUs: number;
}

/**
 * A durable consumer of a stream, with explicit acknowledgements, as the server keeps it: its place, and what
 * it waits for. It outlives whoever asks. `nowUs` is the server's clock.
 */
export class DurableConsumer {
  private next = 1;
  /** By sequence. */
  private readonly pending = new Map<number, Pending>();

  constructor(
    private readonly stream: JetStream,
    private readonly limits: ConsumerLimits,
  ) {}

  /** Everything was delivered, and acknowledged. */
  get isDone(): boolean {
    return this.pending.size === 0 && this.next > this.stream.ends.lastSequence;
  }

  /** The next one: what comes again before what is new. Undefined when there is none now. */
  pull(nowUs: number): DeliveredMessage | undefined {
    for (const [sequence, pending] of [...this.pending].sort(([one], [other]) => one - other)) {
      if (pending.dueAtUs > nowUs) continue;
      const message = this.stream.at(sequence);
      // Its age took it meanwhile: it can't come again, and is waited for no more.
      if (message === undefined) this.pending.delete(sequence);
      else return this.deliver(message, pending.attempts + 1, nowUs);
    }
    if (this.pending.size >= this.limits.unacknowledged) return undefined;
    const message = this.stream.from(this.next)[0];
    if (message === undefined) {
      this.next = Math.max(this.next, this.stream.ends.firstSequence);
      return undefined;
    }
    this.next = message.sequence + 1;
    return this.deliver(message, 1, nowUs);
  }

  /** It is done, or never to come again: whoever had it says so, however late. */
  acknowledge(sequence: number): void {
    this.pending.delete(sequence);
  }

  /** It is to come again. */
  retry(sequence: number, afterUs: number, nowUs: number): void {
    const pending = this.pending.get(sequence);
    if (pending !== undefined) pending.dueAtUs = nowUs + afterUs;
  }

  /** It takes longer. */
  working(sequence: number, nowUs: number): void {
    this.retry(sequence, this.limits.acknowledgeWithinUs, nowUs);
  }

  /** The stream lost its end: what comes in its place is new. */
  loseBehind(sequence: number): void {
    this.next = Math.min(this.next, sequence + 1);
    for (const one of this.pending.keys()) if (one > sequence) this.pending.delete(one);
  }

  private deliver(message: StoredMessage, attempts: number, nowUs: number): DeliveredMessage {
    const dueAtUs = nowUs + this.limits.acknowledgeWithinUs;
    this.pending.set(message.sequence, { attempts, dueAtUs });
    return { message, attempt: attempts };
  }
}
