import type { Outgoing } from './outgoing.js';

const compactAt = 4096;

/** Events in the order of the stream to come: first those that were sent, then the others. */
export class OutgoingQueue {
  private events: Outgoing[] = [];
  private head = 0;
  /** How many, from the first one on, are sent and not yet known to be stored. */
  sent = 0;

  get length(): number {
    return this.events.length - this.head;
  }

  push(event: Outgoing): void {
    this.events.push(event);
  }

  get nextToSend(): Outgoing | undefined {
    return this.events[this.head + this.sent];
  }

  /** Undefined when all that was sent is known to be stored. */
  get lastSent(): Outgoing | undefined {
    return this.sent === 0 ? undefined : this.events[this.head + this.sent - 1];
  }

  /** Any that is not stored, of which something is so. */
  find(is: (event: Outgoing) => boolean): Outgoing | undefined {
    return this.events.find((event, index) => index >= this.head && is(event));
  }

  /** The first one is stored. */
  shift(): Outgoing {
    const event = this.events[this.head++] as Outgoing;
    if (this.head >= compactAt) {
      this.events = this.events.slice(this.head);
      this.head = 0;
    }
    if (this.sent > 0) this.sent--;
    finishEvent(event, false);
    return event;
  }

  /** Takes out, from a place on, what the stream has already. */
  dropFrom(place: number, isStored: (event: Outgoing) => boolean): void {
    const from = this.head + place;
    const kept = this.events.slice(this.head, from);
    for (const event of this.events.slice(from)) {
      if (isStored(event)) finishEvent(event, true);
      else kept.push(event);
    }
    this.events = kept;
    this.head = 0;
  }

  /** Nothing of it will be stored from here. */
  fail(error: Error): void {
    const handfuls = new Set(this.events.slice(this.head).map(({ handful }) => handful));
    this.events = [];
    this.head = 0;
    this.sent = 0;
    for (const { reject } of handfuls) reject(error);
  }
}

/** An event is stored; `wasThere`: it was before. */
export function finishEvent({ handful }: Outgoing, wasThere: boolean): void {
  if (wasThere) handful.duplicates++;
  if (--handful.left > 0) return;
  const { count, duplicates } = handful;
  handful.resolve({ appended: count - duplicates, duplicates });
}
