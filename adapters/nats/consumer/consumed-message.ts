import type { JsMsg } from 'nats';
import type { ConsumedMessage } from '../../../core/ports/consuming.js';

/** A message of a real server. */
export class JetStreamMessage implements ConsumedMessage {
  constructor(readonly message: JsMsg) {}

  get sequence(): number {
    return this.message.seq;
  }

  get attempt(): number {
    return this.message.info.redeliveryCount;
  }

  json(): unknown {
    return this.message.json();
  }

  async acknowledge(): Promise<void> {
    await this.message.ackAck();
  }

  retry(afterMs: number): void {
    this.message.nak(afterMs);
  }

  working(): void {
    this.message.working();
  }
}
