import { deputyError, isDeputyError } from '../../core/errors/deputy-error.js';
import { maximumPayloadBytes } from '../../core/journal/segment-layout.js';
import type { Journal } from '../journal/journal.js';

/** Events that may wait in memory; a target that ends makes two. */
const waitingLimit = 16_384;

interface Waiting {
  readonly payload: string;
  readonly written: (ticket: number) => void;
}

/**
 * Lifecycle events on their way into the journal. While it can't take them (its bound, or a full disk) they
 * wait here in their order: that a target ended or a loop got stuck isn't for anybody to try again later.
 */
export class EventQueue {
  private readonly waiting: Waiting[] = [];
  /** Real tickets by the negative ones that stand for them. */
  private readonly tickets = new Map<number, Promise<number>>();
  private lastStandIn = 0;

  constructor(private readonly journal: Journal) {}

  /** Writes the payload now or later: its ticket, or a negative one that written() understands. */
  append(payload: string): number {
    this.writeWaiting();
    if (this.waiting.length === 0) {
      const ticket = this.tryAppend(payload);
      if (ticket !== undefined) return ticket;
    }
    // One that can never be written would keep all behind it.
    if (Buffer.byteLength(payload) > maximumPayloadBytes) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'bytes of an event', limit: maximumPayloadBytes });
    }
    if (this.waiting.length >= waitingLimit) {
      throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'events that wait', limit: waitingLimit });
    }
    const standIn = --this.lastStandIn;
    const later = new Promise<number>((written) => this.waiting.push({ payload, written }));
    this.tickets.set(standIn, later);
    this.tickets.delete(standIn + waitingLimit * 2);
    return standIn;
  }

  /** Resolves when the event of this ticket is in the journal, with its real ticket. */
  written(ticket: number): Promise<number> {
    return ticket >= 0 ? Promise.resolve(ticket) : (this.tickets.get(ticket) ?? Promise.resolve(0));
  }

  /** Tries again: how many are left. */
  writeWaiting(): number {
    while (this.waiting.length > 0) {
      const [{ payload, written }] = this.waiting as [Waiting];
      const ticket = this.tryAppend(payload);
      if (ticket === undefined) break;
      this.waiting.shift();
      written(ticket);
    }
    return this.waiting.length;
  }

  private tryAppend(payload: string): number | undefined {
    try {
      return this.journal.appendEvent(payload);
    } catch (error) {
      if (isDeputyError(error, 'DEPUTY_E_LIMIT_REACHED')) throw error;
      // Why the journal can't grow is said by whoever tends it.
      if (isDeputyError(error)) return undefined;
      throw error;
    }
  }
}
