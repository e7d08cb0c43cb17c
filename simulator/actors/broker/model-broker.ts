import { createEngine } from '../../../core/engine/engine.js';
import type { Policy } from '../../../core/policy/schema.js';
import { sidecarCaps } from '../../../strategies/sidecar-caps/index.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { Generator } from '../../random/generator.js';
import { JournalWriter } from '../../storage/journal-writer.js';
import { ModelPublisher } from '../publisher.js';
import type { BrokerParts } from './broker-parts.js';
import { ModelBrokerSession } from './session.js';

const tendEveryUs = 100_000;

/** `deputy broker`: the real engine with the real strategy, in the one process of a sidecar. */
export class ModelBroker {
  session: ModelBrokerSession | undefined;
  private readonly journal: JournalWriter;
  private readonly publisher: ModelPublisher;

  constructor(
    private readonly parts: BrokerParts,
    readonly process: ModelProcess,
    private readonly policy: Policy,
    private readonly ids: Generator,
  ) {
    const { world, store } = parts;
    this.journal = new JournalWriter(world.disk, () => world.wallClockBaseMs);
    this.publisher = new ModelPublisher({ world, process, journal: this.journal, store });
  }

  get isIdle(): boolean {
    return this.process.alive && this.session?.isIdle === true && this.publisher.isIdle;
  }

  start(): void {
    const { world } = this.parts;
    const { process, journal, publisher } = this;
    world.step(process, 'broker', 'begin-epoch', null, (interference) => {
      if (interference?.diesInside === true) return 0;
      try {
        journal.begin();
      } catch (error) {
        world.watch.noted?.(process.actor, 'begin-failed', { error: String(error) });
        world.kernel.kill(process);
        return 0;
      }
      const left = world.disk.openRecords(journal.eldestOpenSegment, journal.firstSegment);
      publisher.start();
      this.tend();
      void this.serve(left.map(({ bytes }) => bytes)).catch((error) => {
        // One that can't serve ends, and its container is started again.
        world.watch.noted?.(process.actor, 'not-served', { error: String(error) });
        world.kernel.kill(process);
      });
      return journal.epoch;
    });
  }

  private async serve(former: readonly Uint8Array[]): Promise<void> {
    const { parts, process, journal, publisher, ids } = this;
    const { world, user, containerId } = parts;
    const open = (): ModelBrokerSession => {
      this.session = new ModelBrokerSession({ ...parts, process, journal, publisher, former });
      return this.session;
    };
    const engine = createEngine({
      strategies: [sidecarCaps({ broker: { user, open } })],
      store: undefined as never,
      policy: this.policy,
      stateDirectory: { sequencer: publisher, epoch: journal.epoch },
      clock: { nowMs: () => world.wallClockBaseMs + world.nowUs / 1_000, monotonicUs: () => world.nowUs },
      ids: { next: () => `d${ids.next().toString(16)}${ids.next().toString(16)}` },
    });
    const target = { containerId };
    const [left] = await publisher.caughtUp();
    if (left === undefined) {
      await engine.delegate({ target, strategy: 'sidecar-caps', origin: 'broker' });
      return;
    }
    await engine.adopt({
      delegationId: left.delegationId,
      strategy: 'sidecar-caps',
      targets: [target],
      reason: 'the broker before this one is gone',
      inFlight: former.length,
      previousEpoch: journal.epoch - 1,
    });
  }

  private tend(): void {
    this.journal.prepareAhead();
    this.publisher.writeWaiting();
    this.parts.world.scheduler.after(tendEveryUs, this.process, () => this.tend());
  }
}
