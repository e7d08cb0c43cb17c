import { createInbox, type Msg, type MsgHdrs, type NatsConnection, type Subscription } from 'nats';
import type { PublishReply } from '../../core/ports/stream.js';

interface Acknowledgement {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

/**
 * Publishes with one inbox for all replies, numbered: three times as fast as a subscription or a promise for
 * each message.
 */
export class AckInbox {
  private readonly prefix = createInbox();
  private readonly subscription: Subscription;

  constructor(
    private readonly connection: NatsConnection,
    onReply: (attempt: number, reply: PublishReply) => void,
  ) {
    const start = this.prefix.length + 1;
    this.subscription = connection.subscribe(`${this.prefix}.*`, {
      callback: (error, message) => {
        if (error !== null) return;
        onReply(Number(message.subject.slice(start)), replyOf(message));
      },
    });
  }

  /** `headers` in NATS's own form, to the empty line at their end. */
  publish(attempt: number, subject: string, headers: Uint8Array, payload: Uint8Array): void {
    // The client asks nothing else of headers, and building them as objects costs as much as all the rest.
    const encoded = { encode: () => headers } as unknown as MsgHdrs;
    this.connection.publish(subject, payload, { headers: encoded, reply: `${this.prefix}.${attempt}` });
  }

  close(): void {
    if (!this.connection.isClosed()) this.subscription.unsubscribe();
  }
}

function replyOf(message: Msg): PublishReply {
  if (message.data.length === 0) return { kind: 'nobody' };
  try {
    const { seq, duplicate = false, error } = message.json<Acknowledgement>();
    if (error !== undefined || seq === undefined) {
      return { kind: 'refused', code: error?.err_code ?? 0, text: error?.description ?? 'no reason given' };
    }
    return { kind: 'stored', sequence: seq, wasDuplicate: duplicate };
  } catch {
    return { kind: 'refused', code: 0, text: 'an answer that is no JSON' };
  }
}
