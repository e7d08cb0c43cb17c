import type { NatsConnection } from 'nats';

/** Memory that is asked for at once: some sixty messages. */
const chunkBytes = 64 * 1024;
const lineEndBytes = 2;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** What the client sends commands by, in the one version that is depended on; no part of what it promises. */
interface CommandSender {
  sendCommand(command: Uint8Array): void;
}

/**
 * Writes messages one behind the other into the same memory, which goes to the client as one command. Through
 * its own call each would be four pieces of memory, joined later, which costs more than all that deputy does.
 */
export class MessageWriter {
  private chunk = Buffer.alloc(0);
  private from = 0;
  private to = 0;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly sender: CommandSender,
  ) {}

  /** Undefined: this client has no such call. */
  static of(connection: NatsConnection): MessageWriter | undefined {
    const { protocol } = connection as unknown as { readonly protocol?: Partial<CommandSender> };
    if (typeof protocol?.sendCommand !== 'function') return undefined;
    return new MessageWriter(connection, protocol as CommandSender);
  }

  /** Can it be sent by this? What can't be is for the client to refuse, in its own words. */
  takes(bytes: number): boolean {
    const { connection } = this;
    const { headers = false, max_payload: most = 0 } = connection.info ?? {};
    return headers && bytes <= most && !connection.isClosed() && !connection.isDraining();
  }

  /** Sends it together with all that follows before others have their turn. All but the payload is ASCII. */
  write(subject: string, reply: string, headers: string, payload: Uint8Array): void {
    const sizes = `${headers.length} ${headers.length + payload.length}`;
    const text = `HPUB ${subject} ${reply} ${sizes}\r\n${headers}`;
    this.reserve(text.length + payload.length + lineEndBytes);
    if (this.from === this.to) queueMicrotask(() => this.send());
    const { chunk } = this;
    const at = this.to + chunk.write(text, this.to, 'latin1');
    chunk.set(payload, at);
    const end = at + payload.length;
    chunk[end] = carriageReturn;
    chunk[end + 1] = lineFeed;
    this.to = end + lineEndBytes;
  }

  /** Hands over what was written. */
  send(): void {
    if (this.from === this.to) return;
    this.sender.sendCommand(this.chunk.subarray(this.from, this.to));
    this.from = this.to;
  }

  private reserve(bytes: number): void {
    if (this.to + bytes <= this.chunk.length) return;
    this.send();
    // The old one is the client's until it is written; nobody says when that is.
    this.chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes));
    this.from = 0;
    this.to = 0;
  }
}
