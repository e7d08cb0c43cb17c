import { deliveryOf } from '../../core/consuming/deliveries.js';
import type { ConsumedMessage } from '../../core/ports/consuming.js';
import { rest } from '../../core/ports/timers.js';
import { ModelConsumerPort } from '../jetstream/consumer-port.js';
import type { StreamService } from '../jetstream/stream-service.js';
import type { ModelProcess } from '../kernel/process.js';
import { ModelTimers } from '../world/timers.js';
import type { World } from '../world/world.js';

/** Between two looks when there was nothing; and until a service that died is started again. */
const idleMs = 20;
const startUs = [1_000, 50_000] as const;
/** What a service does with an event takes so long; now and then longer than it has. */
const workUs = [10, 2_000] as const;
const slowWorkUs = 400_000;
const slowChance = 0.02;
/** One that fails so often is put away. */
const deliveries = 5;

/** A service that consumes the events of a stream, by a durable name; it is started again when it dies. */
export class EventListener {
  private started = 0;
  process: ModelProcess;

  constructor(
    private readonly world: World,
    private readonly service: StreamService,
  ) {
    this.process = this.start();
  }

  /** It has had all that is in the stream. */
  get isIdle(): boolean {
    return this.service.consumer.isDone;
  }

  private start(): ModelProcess {
    const { world, service } = this;
    const process = world.kernel.spawn(`listener-${++this.started}`);
    process.whenDead.push(() => {
      world.scheduler.after(world.random.between(...startUs), undefined, () => {
        this.process = this.start();
      });
    });
    void this.listen(process, new ModelConsumerPort(world, process, service));
    return process;
  }

  private async listen(process: ModelProcess, port: ModelConsumerPort): Promise<void> {
    const timers = new ModelTimers(this.world, process);
    const bury = (message: ConsumedMessage, reason: string): void => {
      this.note(process, 'buried', { sequence: message.sequence, reason });
      void message.acknowledge().catch(() => undefined);
    };
    while (process.alive) {
      const message = await port.pull();
      if (message === undefined) {
        await rest(timers, idleMs);
        continue;
      }
      const delivery = deliveryOf(message, { isDurable: true, deliveries, bury });
      if (delivery === undefined) continue;
      const { sequence, attempt, event } = delivery;
      this.note(process, 'heard', { sequence, attempt, event: event.id });
      const { random } = this.world;
      const isSlow = random.chance(slowChance);
      await rest(timers, (isSlow ? slowWorkUs : random.between(...workUs)) / 1_000);
      const isKnown = await delivery.acknowledge().then(
        () => true,
        () => false,
      );
      if (isKnown) this.note(process, 'acknowledged', { sequence, event: event.id });
    }
  }

  private note(process: ModelProcess, name: string, detail: Readonly<Record<string, unknown>>): void {
    this.world.watch.noted?.(process.actor, name, detail);
  }
}
