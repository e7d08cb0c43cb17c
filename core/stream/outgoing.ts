import { eventHeaders, expectedEnd } from '../events/cloud-event.js';
import { eventId } from '../events/event-id.js';

/** Some events that were handed in together, and are done when each is stored. */
export interface Handful {
  /** Their payloads, one behind the other. */
  readonly bytes: Uint8Array;
  left: number;
  duplicates: number;
  readonly count: number;
  readonly resolve: (result: { appended: number; duplicates: number }) => void;
  readonly reject: (error: Error) => void;
}

/** What a delegation's events have in common. */
export interface DelegationTexts {
  readonly streamId: string;
  /** Its id as headers have it. */
  readonly header: string;
  /** What is before an event's type in its subject. */
  readonly subject: string;
  /** Headers that all events of one writer have. */
  readonly common: string;
}

/**
 * An event on its way. What it travels in is spelt when it is sent: kept for as long as it waits, the text of
 * a thousand events would be moved about by the garbage collector again and again.
 */
export class Outgoing {
  constructor(
    private readonly texts: DelegationTexts,
    readonly version: number,
    private readonly type: string,
    private readonly time: string,
    readonly handful: Handful,
    /** Where its payload is in the handful's bytes. */
    private readonly from: number,
    private readonly to: number,
  ) {}

  get streamId(): string {
    return this.texts.streamId;
  }

  get id(): string {
    return eventId(this.texts.streamId, this.version);
  }

  /** The same as a header has it. */
  get messageId(): string {
    return eventId(this.texts.header, this.version);
  }

  get subject(): string {
    return `${this.texts.subject}.${this.type}`;
  }

  get payload(): Uint8Array {
    return this.handful.bytes.subarray(this.from, this.to);
  }

  /** All its headers, for a stream that ends at `sequence`, and with `before` if that is said. */
  headers(sequence: number, before: Outgoing | undefined): string {
    const own = eventHeaders(this.messageId, this.type, this.time);
    return this.texts.common + own + expectedEnd(sequence, before?.messageId);
  }
}
