import { InjectionClient } from '../../../core/injector/injection-client.js';
import type { RequestRecord } from '../../../core/request/record.js';
import type { ModelProcess } from '../../kernel/process.js';
import type { InjectionPort } from '../../ports/injection-port.js';
import type { World } from '../../world/world.js';
import type { InjectorService } from '../injector-service.js';
import { ModelInjector } from './injector.js';
import { modelPackets, packetPair } from './packets.js';
import { ScoreboardMemory } from './scoreboard.js';

const startUs = [30_000, 90_000] as const;
const messageUs = [20, 200] as const;

interface Client {
  readonly process: ModelProcess;
  connect(injector: ModelInjector): void;
}

/** Starts injectors one after the other, all with the same scoreboard, and connects every loop to each. */
export class InjectorPool implements InjectorService {
  private injector: ModelInjector | undefined;
  private readonly scoreboard = new ScoreboardMemory();
  private readonly clients = new Set<Client>();
  private parent: ModelProcess | undefined;

  constructor(
    private readonly world: World,
    private readonly nextNumber: (kind: string) => number,
  ) {}

  get process(): ModelProcess | undefined {
    return this.injector?.process.alive === true ? this.injector.process : undefined;
  }

  get isIdle(): boolean {
    return this.process === undefined || this.injector?.isIdle === true;
  }

  start(parent: ModelProcess): void {
    this.parent = parent;
    this.world.later(parent, ...startUs, () => this.spawn(parent));
  }

  stop(): void {
    this.parent = undefined;
    const { injector } = this;
    this.injector = undefined;
    injector?.stop();
  }

  clientFor(process: ModelProcess, resume: (record: RequestRecord) => void): InjectionPort {
    const client = new InjectionClient(modelPackets(process));
    this.clients.add({
      process,
      connect: (injector) => this.connect(process, client, injector, resume),
    });
    if (this.injector !== undefined) this.connect(process, client, this.injector, resume);
    return client;
  }

  openChannel(process: ModelProcess, opened: (channel: number) => void): void {
    this.world.later(process, ...messageUs, () => {
      const { injector } = this;
      if (injector?.process.alive !== true) return;
      const [ours, theirs] = packetPair();
      const channel = process.table.add(ours, true);
      injector.addLoop(theirs);
      opened(channel);
    });
  }

  private spawn(parent: ModelProcess): void {
    if (this.parent !== parent) return;
    const process = this.world.kernel.spawn(`injector-${this.nextNumber('injector')}`);
    const injector = new ModelInjector(this.world, process, this.scoreboard);
    this.injector = injector;
    process.whenDead.push(() => {
      if (this.injector === injector && this.parent?.alive === true) this.start(this.parent);
    });
    for (const client of this.clients) {
      if (client.process.alive) client.connect(injector);
      else this.clients.delete(client);
    }
  }

  private connect(
    process: ModelProcess,
    client: InjectionClient,
    injector: ModelInjector,
    resume: (record: RequestRecord) => void,
  ): void {
    this.world.later(process, ...messageUs, () => {
      if (!injector.process.alive) return;
      const [ours, theirs] = packetPair();
      const channel = process.table.add(ours, true);
      injector.addLoop(theirs);
      let isPending = false;
      ours.whenReadable = () => {
        if (isPending) return;
        isPending = true;
        this.world.later(process, 1, 20, () =>
          this.world.step(process, 'supervisor', 'injector-reply', null, () => {
            isPending = false;
            return client.receive(resume) ? 1 : 0;
          }),
        );
      };
      client.connect(channel, resume);
    });
  }
}
