import { streamName } from '../../core/events/subject.js';
import type { StreamEnds, StreamListener, StreamMessage, StreamPort } from '../../core/ports/stream.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';
import type { JetStream, StoredMessage } from './jet-stream.js';
import { messageOf } from './read-headers.js';
import type { Client, StreamService } from './stream-service.js';

/** How long the client waits for the answer to a question. */
const answerUs = 5_000_000;

/** A supervisor's connection to the modelled server. It is gone with its process; what was sent is not. */
export class ModelStreamPort implements StreamPort {
  readonly stream = streamName('model');
  readonly servers = 'model';
  readonly isReplicated: boolean;
  private listener: StreamListener | undefined;
  private readonly client: Client;

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly service: StreamService,
  ) {
    this.isReplicated = service.setup.replicas === 3;
    this.client = {
      disconnected: () => this.tell('connection-lost', (listener) => listener.disconnected()),
      reconnected: () => this.tell('connected', (listener) => listener.reconnected()),
    };
    service.attach(this.client);
    process.whenDead.push(() => service.detach(this.client));
  }

  listen(listener: StreamListener): void {
    this.listener = listener;
  }

  publish(run: number, subject: string, headers: string, payload: Uint8Array): void {
    const { world, process, service } = this;
    if (!process.alive) return;
    world.stepAtOnce(process, 'supervisor', 'send', null, () => {
      // The batch's memory is filled anew when its events are stored.
      const message = { subject, headers, payload: payload.slice() };
      service.send(this.client, message, (reply) =>
        this.tell('reply', (listener) => listener.replied(run, reply)),
      );
      return 0;
    });
  }

  prepare(): Promise<StreamEnds> {
    return this.ends();
  }

  ends(): Promise<StreamEnds> {
    return this.ask('ask-ends', (stream) => stream.ends);
  }

  async messageAt(sequence: number): Promise<StreamMessage | undefined> {
    const [message] = await this.messages((stream) => [stream.at(sequence) ?? []].flat());
    return message;
  }

  async *messagesFrom(sequence: number): AsyncGenerator<StreamMessage> {
    yield* this.each(await this.messages((stream) => stream.from(sequence)));
  }

  async *lastMessages(): AsyncGenerator<StreamMessage> {
    yield* this.each(await this.messages((stream) => stream.lastOfEach()));
  }

  close(): void {
    this.service.detach(this.client);
  }

  /** The payloads, as readers of events get them. */
  payloads(): Promise<readonly StoredMessage[]> {
    return this.ask('ask-messages', (stream) => stream.from(1));
  }

  /** One after the other, without a wait in between. */
  async *each<T>(messages: readonly T[]): AsyncGenerator<T> {
    this.world.asyncWork++;
    try {
      yield* messages;
    } finally {
      this.world.asyncWork--;
    }
  }

  private async messages(
    find: (stream: JetStream) => readonly StoredMessage[],
  ): Promise<readonly StreamMessage[]> {
    const found = await this.ask('ask-messages', find);
    return found.map(({ sequence, headers }) => messageOf(sequence, headers));
  }

  private ask<T>(name: string, question: (stream: JetStream) => T): Promise<T> {
    const { world, process, service } = this;
    return new Promise((resolve, reject) => {
      if (!process.alive) return;
      const end = (act: () => void): void =>
        world.scheduler.after(0, process, () => {
          world.hasMicrotasks = true;
          act();
        });
      world.stepAtOnce(process, 'supervisor', name, null, () => {
        service.ask(this.client, question, (result) =>
          end(() => (result === undefined ? reject(new Error('no responders')) : resolve(result))),
        );
        world.scheduler.after(answerUs, process, () => end(() => reject(new Error('no answer in time'))));
        return 0;
      });
    });
  }

  private tell(name: string, act: (listener: StreamListener) => void): void {
    const { world, process } = this;
    world.scheduler.after(0, process, () => {
      const { listener } = this;
      if (listener === undefined) return;
      world.stepAtOnce(process, 'supervisor', name, null, () => {
        world.hasMicrotasks = true;
        act(listener);
        return 0;
      });
    });
  }
}
