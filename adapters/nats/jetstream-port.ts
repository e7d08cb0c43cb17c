import type { JetStreamManager, MsgHdrs, NatsConnection, StreamInfo } from 'nats';
import { headerName, headerText } from '../../core/events/cloud-event.js';
import { streamName } from '../../core/events/subject.js';
import type { StreamEnds, StreamListener, StreamMessage, StreamPort } from '../../core/ports/stream.js';
import { AckInbox } from './ack-inbox.js';
import { isApiError } from './api-error.js';
import { serversText } from './connect.js';
import { ensureStream } from './ensure-stream.js';
import { type ReadOptions, readMessages } from './read-messages.js';
import type { NatsSettings, StreamSettings } from './settings.js';

/** "no message found", as the server says it. */
const noMessage = 10037;

/** Was it said that there is no such message? */
export function isNoMessage(error: unknown): boolean {
  return isApiError(error, noMessage);
}

export interface JetStreamPortOptions extends NatsSettings {
  readonly node: string;
  readonly stream?: StreamSettings;
}

/** A node's stream on a real server. */
export class JetStreamPort implements StreamPort {
  readonly stream: string;
  readonly servers: string;
  isReplicated = false;
  private inbox: AckInbox | undefined;

  constructor(
    private readonly options: JetStreamPortOptions,
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
  ) {
    this.stream = streamName(options.node);
    this.servers = serversText(options);
  }

  listen(listener: StreamListener): void {
    this.inbox = new AckInbox(this.connection, (run, reply) => listener.replied(run, reply));
    void this.watch(listener);
  }

  publish(run: number, subject: string, headers: string, payload: Uint8Array): void {
    this.inbox?.publish(run, subject, headers, payload);
  }

  async prepare(): Promise<StreamEnds> {
    return this.endsOf(await ensureStream(this.manager, this.options.node, this.options.stream ?? {}));
  }

  async ends(): Promise<StreamEnds> {
    return this.endsOf(await this.manager.streams.info(this.stream));
  }

  async messageAt(sequence: number): Promise<StreamMessage | undefined> {
    try {
      const { header } = await this.manager.streams.getMessage(this.stream, { seq: sequence });
      return messageOf(sequence, header);
    } catch (error) {
      if (isNoMessage(error)) return undefined;
      throw error;
    }
  }

  messagesFrom(sequence: number): AsyncIterable<StreamMessage> {
    return this.messages({ from: sequence });
  }

  lastMessages(): AsyncIterable<StreamMessage> {
    return this.messages({ from: 1, lastPerSubject: true });
  }

  close(): void {
    this.inbox?.close();
  }

  private endsOf({ created, state, config }: StreamInfo): StreamEnds {
    this.isReplicated = config.num_replicas > 1;
    return { created: `${created}`, firstSequence: state.first_seq, lastSequence: state.last_seq };
  }

  private async *messages(options: Omit<ReadOptions, 'stream'>): AsyncGenerator<StreamMessage> {
    const what = { ...options, stream: this.stream, headersOnly: true };
    for await (const { seq, headers } of readMessages(this.connection, what)) yield messageOf(seq, headers);
  }

  private async watch(listener: StreamListener): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === 'reconnect') listener.reconnected();
      if (type === 'disconnect') listener.disconnected();
    }
  }
}

function messageOf(sequence: number, headers: MsgHdrs | undefined): StreamMessage {
  return {
    sequence,
    id: headerText(headers?.get(headerName.messageId) ?? ''),
    writer: headers?.get(headerName.writer) ?? '',
    epoch: Number(headers?.get(headerName.epoch) || 0),
  };
}
