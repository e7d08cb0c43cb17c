import type { EventOf } from '../events/event.js';
import type { EventType } from '../events/event-versions.js';

/** A message as a server delivers it to a consumer: JetStream's, or the simulator's model of it. */
export interface ConsumedMessage {
  /** Its place in the stream. */
  readonly sequence: number;
  /** 1 the first time. */
  readonly attempt: number;
  /** The payload as JSON; throws when it is none. */
  json(): unknown;
  /** Resolves when the server knows. */
  acknowledge(): Promise<void>;
  /** It comes again, after a while. */
  retry(afterMs: number): void;
  /** The time to acknowledge begins anew. */
  working(): void;
}

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
