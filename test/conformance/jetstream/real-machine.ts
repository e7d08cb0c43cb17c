import { setTimeout as rest } from 'node:timers/promises';
import {
  AckPolicy,
  connect,
  DiscardPolicy,
  type JetStreamManager,
  type JsMsg,
  type NatsConnection,
  nanos,
} from 'nats';
import { JetStreamPort } from '../../../adapters/nats/jetstream-port.js';
import { wantedStream } from '../../../adapters/nats/stream-config.js';
import { headerText } from '../../../core/events/cloud-event.js';
import { streamName } from '../../../core/events/subject.js';
import type { PublishReply, StreamMessage } from '../../../core/ports/stream.js';
import type { LabNatsServer } from '../../lab/nats-server.js';
import { cutStream } from '../../nats/support/cut-stream.js';
import type { StreamCase } from './cases.js';
import type { StreamMachine } from './machine.js';

/** Far more than an answer takes, on a machine that is busy with other tests. */
const patienceMs = 20_000;
const consumerName = 'consumer';
/** For so long it may wait for a message: a server that was told not to wait says nothing in some states. */
const askedForMs = 300;
/** What the server says when it has nothing to give now. */
const nothingNow = new Set(['404', '408', '409']);

/** A case's stream on a real server, by way of the port that deputy publishes through. */
export class RealMachine implements StreamMachine {
  private connection!: NatsConnection;
  private manager!: JetStreamManager;
  private port!: JetStreamPort;
  private attempts = 0;
  private readonly delivered = new Map<number, JsMsg>();
  private readonly waiting = new Map<number, (reply: PublishReply) => void>();
  private readonly stream: string;

  private constructor(
    private readonly server: LabNatsServer,
    private readonly node: string,
  ) {
    this.stream = streamName(node);
  }

  static async start(server: LabNatsServer, { name, limits = {} }: StreamCase): Promise<RealMachine> {
    const machine = new RealMachine(server, name);
    await machine.connect();
    const { maximumMessages = -1, maximumMessageBytes = -1, duplicateWindowUs } = limits;
    await machine.manager.streams.add({
      ...wantedStream(name, {}),
      max_msgs: maximumMessages,
      max_bytes: limits.maximumBytes ?? -1,
      max_msg_size: maximumMessageBytes,
      ...(limits.maximumAgeUs === undefined ? {} : { max_age: nanos(limits.maximumAgeUs / 1_000) }),
      discard: limits.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
      deny_purge: limits.deniesPurge ?? false,
      deny_delete: limits.deniesDelete ?? false,
      ...(duplicateWindowUs === undefined ? {} : { duplicate_window: nanos(duplicateWindowUs / 1_000) }),
    });
    return machine;
  }

  async publish(subject: string, headers: string, payload: Uint8Array): Promise<PublishReply> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const attempt = this.attempts++;
      const answer = new Promise<PublishReply>((resolve) => this.waiting.set(attempt, resolve));
      this.port.publish(attempt, subject, headers, payload);
      const late = new AbortController();
      const none = rest(patienceMs, undefined, { signal: late.signal }).then(() => {
        throw new Error('no answer');
      });
      const reply = await Promise.race([answer, none]);
      late.abort();
      none.catch(() => undefined);
      // A server that has just started may not have its stream yet.
      if (reply.kind !== 'nobody' || performance.now() > end) return reply;
      await rest(50);
    }
  }

  ends() {
    return this.port.ends();
  }

  at(sequence: number) {
    return this.port.messageAt(sequence);
  }

  from(sequence: number) {
    return collect(this.port.messagesFrom(sequence));
  }

  last() {
    return collect(this.port.lastMessages());
  }

  async size(): Promise<number> {
    return (await this.manager.streams.info(this.stream)).state.bytes;
  }

  purge() {
    return codeOf(this.manager.streams.purge(this.stream));
  }

  delete(sequence: number) {
    return codeOf(this.manager.streams.deleteMessage(this.stream, sequence));
  }

  async wait(ms: number): Promise<void> {
    await rest(ms);
  }

  restart(): Promise<void> {
    return this.whileDown(() => undefined);
  }

  cut(sequence: number): Promise<void> {
    return this.whileDown(() => cutStream(this.server.storeDirectory, this.stream, sequence));
  }

  async grow(messages: number): Promise<void> {
    await this.manager.streams.update(this.stream, { max_msgs: messages });
  }

  async consume(acknowledgeWithinMs: number, unacknowledged: number): Promise<void> {
    await this.manager.consumers.add(this.stream, {
      durable_name: consumerName,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(acknowledgeWithinMs),
      max_ack_pending: unacknowledged,
    });
  }

  async next() {
    try {
      const message = await this.connection.jetstream().pull(this.stream, consumerName, askedForMs);
      this.delivered.set(message.seq, message);
      return {
        id: headerText(message.headers?.get('Nats-Msg-Id') ?? ''),
        attempt: message.info.redeliveryCount,
      };
    } catch (error) {
      if (nothingNow.has((error as { code?: string }).code ?? '')) return undefined;
      throw error;
    }
  }

  async ack(sequence: number): Promise<void> {
    await this.delivered.get(sequence)?.ackAck();
  }

  async nak(sequence: number, afterMs: number): Promise<void> {
    this.delivered.get(sequence)?.nak(afterMs === 0 ? undefined : afterMs);
    await this.connection.flush();
  }

  async term(sequence: number): Promise<void> {
    this.delivered.get(sequence)?.term();
    await this.connection.flush();
  }

  async close(): Promise<void> {
    this.port.close();
    await this.connection.close();
  }

  private async whileDown(act: () => void): Promise<void> {
    await this.close();
    await this.server.kill();
    act();
    await this.server.restart();
    await this.connect();
    await this.whenThere();
  }

  private async connect(): Promise<void> {
    const { server, node } = this;
    this.connection = await connect({ servers: server.url });
    this.manager = await this.connection.jetstreamManager({ checkAPI: false });
    this.port = new JetStreamPort({ url: server.url, node }, this.connection, this.manager);
    this.port.listen({
      replied: (attempt, reply) => this.waiting.get(attempt)?.(reply),
      disconnected: () => undefined,
      reconnected: () => undefined,
    });
  }

  private async whenThere(): Promise<void> {
    for (const end = performance.now() + patienceMs; ; await rest(50)) {
      try {
        await this.port.ends();
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
      }
    }
  }
}

async function collect(messages: AsyncIterable<StreamMessage>): Promise<StreamMessage[]> {
  const all: StreamMessage[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

async function codeOf(done: Promise<unknown>): Promise<number | undefined> {
  try {
    await done;
    return undefined;
  } catch (error) {
    const { api_error: said } = error as { api_error?: { err_code: number } };
    if (said === undefined) throw error;
    return said.err_code;
  }
}
