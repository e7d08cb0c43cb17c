import type { JsMsg } from 'nats';
import type { EventOf } from '../../../core/events/event.js';
import type { EventType } from '../../../core/events/event-versions.js';

/** An event, and what is to become of it. Without a durable name there is nothing to say. */
export interface Delivery<Type extends EventType = EventType> {
  readonly event: { [One in Type]: EventOf<One> }[Type];
  /** Its place in the stream. */
  readonly sequence: number;
  /** 1 the first time. */
  readonly attempt: number;
  /** It is done: resolves when the server knows, so that it never comes again. */
  acknowledge(): Promise<void>;
  /** It comes again, after a while. */
  retry(afterMs?: number): void;
  /** It takes longer: the time to acknowledge begins anew. */
  working(): void;
}

/** A message as a delivery. */
export function deliveryOf(message: JsMsg, event: Delivery['event'], isDurable: boolean): Delivery {
  return {
    event,
    sequence: message.seq,
    attempt: message.info.redeliveryCount,
    async acknowledge() {
      if (isDurable) await message.ackAck();
    },
    retry(afterMs = 0) {
      if (isDurable) message.nak(afterMs);
    },
    working() {
      if (isDurable) message.working();
    },
  };
}
