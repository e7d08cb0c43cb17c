import { validateEvent } from '../events/validate-event.js';
import type { ConsumedMessage, Delivery } from '../ports/consuming.js';

/** How messages become deliveries. */
export interface DeliveryRules<Message extends ConsumedMessage> {
  /** The server keeps the place, and waits for acknowledgements. */
  readonly isDurable: boolean;
  /** One that was delivered more often is put away; 0: never. */
  readonly deliveries: number;
  /** Puts away what can't be read, or fails on and on: it never comes again. */
  readonly bury: (message: Message, reason: string) => void;
}

/** Deliveries of messages, each validated and brought to the version of its type that is known here. */
export async function* deliveriesOf<Message extends ConsumedMessage>(
  messages: AsyncIterable<Message>,
  rules: DeliveryRules<Message>,
): AsyncGenerator<Delivery> {
  for await (const message of messages) {
    const delivery = deliveryOf(message, rules);
    if (delivery !== undefined) yield delivery;
  }
}

/** Undefined for one that is put away. */
export function deliveryOf<Message extends ConsumedMessage>(
  message: Message,
  { isDurable, deliveries, bury }: DeliveryRules<Message>,
): Delivery | undefined {
  const { sequence, attempt } = message;
  let event: Delivery['event'];
  try {
    event = validateEvent(message.json());
  } catch (error) {
    bury(message, error instanceof Error ? error.message : String(error));
    return undefined;
  }
  if (isDurable && deliveries > 0 && attempt > deliveries) {
    bury(message, `it was delivered ${deliveries} times, and never acknowledged`);
    return undefined;
  }
  return {
    event,
    sequence,
    attempt,
    async acknowledge() {
      if (isDurable) await message.acknowledge();
    },
    retry(afterMs = 0) {
      if (isDurable) message.retry(afterMs);
    },
    working() {
      if (isDurable) message.working();
    },
  };
}
