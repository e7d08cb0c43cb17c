import type { ConsumedMessage } from '../../core/ports/consuming.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';
import type { DeliveredMessage } from './durable-consumer.js';
import type { StreamService } from './stream-service.js';

/** How long a client waits for the answer to a pull. */
const answerUs = 1_000_000;
const decoder = new TextDecoder();

/** A service's connection to the modelled server, from which it pulls messages of its durable consumer. */
export class ModelConsumerPort {
  private readonly client = { disconnected: () => undefined, reconnected: () => undefined };

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
    private readonly service: StreamService,
  ) {
    service.attach(this.client);
    process.whenDead.push(() => service.detach(this.client));
  }

  /** Undefined when there is none now, or no answer. */
  async pull(): Promise<ConsumedMessage | undefined> {
    const { consumer } = this.service;
    const delivered = await this.ask('pull', () => consumer.pull(this.world.nowUs));
    return delivered === undefined ? undefined : this.messageOf(delivered);
  }

  private messageOf({ message, attempt }: DeliveredMessage): ConsumedMessage {
    const { sequence, payload } = message;
    const { consumer } = this.service;
    return {
      sequence,
      attempt,
      json: () => JSON.parse(decoder.decode(payload)),
      acknowledge: async () => {
        const isKnown = await this.ask('acknowledge', () => {
          consumer.acknowledge(sequence);
          return true;
        });
        if (!isKnown) throw new Error('no answer in time');
      },
      retry: (afterMs) =>
        void this.ask('retry', () => consumer.retry(sequence, afterMs * 1_000, this.world.nowUs)),
      working: () => void this.ask('working', () => consumer.working(sequence, this.world.nowUs)),
    };
  }

  /** Undefined when nobody answers in time. */
  private ask<T>(name: string, question: () => T): Promise<T | undefined> {
    const { world, process, service } = this;
    return new Promise((resolve) => {
      if (!process.alive) return;
      const end = (result: T | undefined): void =>
        world.scheduler.after(0, process, () => {
          world.hasMicrotasks = true;
          resolve(result);
        });
      world.stepAtOnce(process, 'listener', name, null, () => {
        service.ask(this.client, question, end);
        world.scheduler.after(answerUs, process, () => end(undefined));
        return 0;
      });
    });
  }
}
