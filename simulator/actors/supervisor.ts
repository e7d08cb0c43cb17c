import { createEngine, type Engine } from '../../core/engine/engine.js';
import type { TargetHandleFacts } from '../../core/file-handles/target-facts.js';
import { recordsPerSegment } from '../../core/journal/segment-layout.js';
import { defaultPolicy } from '../../core/policy/defaults.js';
import { resolvePolicy } from '../../core/policy/match.js';
import type { Policy } from '../../core/policy/schema.js';
import type { StreamPort } from '../../core/ports/stream.js';
import type { Checkpoint } from '../../core/publishing/checkpoint.js';
import { checkpointSchema } from '../../core/publishing/checkpoint-schema.js';
import { type ListenerOwner, OwnersScan } from '../../core/publishing/owners-scan.js';
import type { RequestRecord } from '../../core/request/record.js';
import type { Handler } from '../../core/steps/handler.js';
import type { StepTable } from '../../core/steps/step.js';
import { fileHandle } from '../../strategies/file-handle/index.js';
import { handlerOf, seccompNotify } from '../../strategies/seccomp-notify/index.js';
import type { StreamService } from '../jetstream/stream-service.js';
import type { ModelProcess } from '../kernel/process.js';
import type { InjectionPort } from '../ports/injection-port.js';
import { ModelRequestKernel } from '../ports/request-kernel.js';
import type { Generator } from '../random/generator.js';
import type { ModelEventStore } from '../storage/event-store.js';
import { ModelTail } from '../storage/journal-tail.js';
import { JournalWriter } from '../storage/journal-writer.js';
import type { World } from '../world/world.js';
import type { ListenerNote, OfferedListener, SupervisorLink, Turn } from './agent-link.js';
import { ModelLoop } from './loop.js';
import { LostCallsSearch } from './lost-calls.js';
import { makePublisher } from './make-publisher.js';
import { byDelegation, targetOf } from './offered-listeners.js';
import { ModelRequestServer } from './request-server.js';
import type { ScenePublisher } from './scene-publisher.js';

const tendEveryUs = 100_000;

export interface SupervisorParts {
  readonly world: World;
  readonly process: ModelProcess;
  readonly store: ModelEventStore;
  /** Where events go instead, if they do. */
  readonly stream: StreamService | undefined;
  readonly mutateStream: (port: StreamPort) => StreamPort;
  readonly policy: Policy;
  readonly ids: Generator;
  readonly link: SupervisorLink;
  /** The one to be used, or 'auto'. */
  readonly strategy: string;
  /** What decides whether the kernel opens directories for a target. */
  readonly inspectTarget: () => TargetHandleFacts;
  readonly readsJournal: boolean;
  readonly injection: (resume: (record: RequestRecord) => void) => InjectionPort | undefined;
  readonly tableOf: (handler: Handler) => StepTable;
  /** A channel to the injector for work besides requests. */
  readonly openChannel: (opened: (channel: number) => void) => void;
}

/** A supervisor's process: its order of work at a take-over, with the real engine in it. */
export class ModelSupervisor {
  readonly journal: JournalWriter;
  readonly publisher: ScenePublisher;
  readonly server: ModelRequestServer;
  readonly loop: ModelLoop;
  private readonly waiting = new Map<number, OfferedListener>();
  private engine: Engine | undefined;
  /** It serves, or is taking over. */
  isActive = false;
  /** All that was served before is served again. */
  isServing = false;

  constructor(readonly parts: SupervisorParts) {
    const { world, process, tableOf, readsJournal } = parts;
    this.journal = new JournalWriter(world.disk, () => world.wallClockBaseMs);
    const { journal } = this;
    this.publisher = makePublisher(parts, journal);
    this.server = new ModelRequestServer({
      world,
      process,
      journal,
      publisher: this.publisher,
      readsJournal,
    });
    const injection = parts.injection((record) => this.loop.resume(record));
    const kernel = new ModelRequestKernel(world, process, injection);
    const report: ConstructorParameters<typeof ModelLoop>[0]['report'] = (said) => this.server.hear(said);
    this.loop = new ModelLoop({ world, process, kernel, journal, handlerOf, tableOf, report });
    this.server.loop = this.loop;
  }

  /** A listener that the keeper has, with a descriptor of this process's own. */
  offer(listener: OfferedListener): void {
    if (this.engine === undefined) this.waiting.set(listener.key, listener);
    else void this.delegate(this.engine, listener);
    this.parts.world.hasMicrotasks = true;
  }

  note(key: number, note: ListenerNote): void {
    const listener = this.waiting.get(key);
    if (listener !== undefined) this.waiting.set(key, { ...listener, note });
  }

  gone(key: number): void {
    const listener = this.waiting.get(key);
    if (listener === undefined) return;
    this.waiting.delete(key);
    this.parts.world.kernel.close(this.parts.process, listener.descriptor);
  }

  /** It is its turn. */
  activate(turn: Turn): void {
    const { world, process } = this.parts;
    this.isActive = true;
    world.step(process, 'supervisor', 'begin-epoch', null, (interference) => {
      if (interference?.diesInside === true) return 0;
      try {
        this.journal.begin();
      } catch (error) {
        world.watch.noted?.(process.actor, 'take-over-failed', { error: String(error) });
        world.kernel.kill(process);
        return 0;
      }
      this.mainStep('read-journal', () => {
        this.server.begin();
        this.mainStep('go-on', () => this.goOn(turn));
      });
      return this.journal.epoch;
    });
  }

  private goOn(turn: Turn): void {
    const engine = this.makeEngine();
    this.engine = engine;
    const listeners = this.withNotes([...this.waiting.values()]);
    this.waiting.clear();
    this.adoptOne(engine, [...byDelegation(listeners)], turn, () => {
      if (this.parts.readsJournal) this.searchLost(listeners);
      this.server.endFormer(resolvePolicy(defaultPolicy(), { containerId: 'gone', metadata: '' }));
      for (const listener of listeners) if (listener.note === undefined) void this.delegate(engine, listener);
      this.mainStep('follow', () => this.follow(engine, turn));
    });
  }

  /** Delegations that had begun go on, one after the other: a point between each two. */
  private adoptOne(
    engine: Engine,
    groups: [string, OfferedListener[]][],
    turn: Turn,
    done: () => void,
  ): void {
    const group = groups.shift();
    if (group === undefined) return done();
    const [delegationId, entries] = group;
    this.mainStep('adopt', () => {
      const next = (): void => this.adoptOne(engine, groups, turn, done);
      const inFlight = entries.reduce((sum, { key }) => sum + this.server.inFlight(key), 0);
      engine
        .adopt({
          delegationId,
          strategy: entries[0]?.note?.strategy ?? '',
          wanted: this.parts.strategy,
          targets: entries.map(targetOf),
          reason: turn.reason,
          inFlight,
          previousEpoch: this.journal.epoch - 1,
        })
        .then(next, () => {
          for (const listener of entries) this.refuse(listener);
          next();
        });
    });
  }

  private follow(engine: Engine, { lost }: Turn): void {
    const { world } = this.parts;
    this.isServing = true;
    this.parts.link.active();
    this.publisher.start();
    this.tend();
    const living = lost.filter(({ state }) => world.kernel.processes.has(state.processId));
    const ids = new Set(living.map(({ note }) => note.delegationId));
    void this.publisher
      .caughtUp()
      .then(() => this.server.formerEnded())
      .then(() => engine.settlePredecessors(ids));
  }

  /** Calls of listeners that were served before, and that no record tells of. */
  private searchLost(listeners: readonly OfferedListener[]): void {
    const { world, process, openChannel } = this.parts;
    const { journal, server, loop } = this;
    const search = new LostCallsSearch({
      world,
      process,
      journal,
      openChannel,
      descriptorOf: (key) => server.descriptorOf(key),
      formerOf: (key) => server.formerOf(key),
      expect: (key, threadIds) => loop.expectReissued(key, threadIds),
    });
    const served = listeners.filter(({ note }) => note !== undefined);
    search.start(served.map(({ key }) => key));
  }

  /** Is nothing under way, and all in the store? */
  get isIdle(): boolean {
    return this.isServing && this.loop.isIdle && this.publisher.isIdle;
  }

  private makeEngine(): Engine {
    const { world, policy, ids, inspectTarget, strategy } = this.parts;
    const { server: service } = this;
    return createEngine({
      // As the agent has them; for the one by name the other is no candidate.
      strategies:
        strategy === 'auto' ? [seccompNotify({ service })] : [fileHandle({ service, inspectTarget })],
      store: undefined as never,
      policy,
      stateDirectory: { sequencer: this.publisher, epoch: this.journal.epoch },
      clock: {
        nowMs: () => world.wallClockBaseMs + world.nowUs / 1_000,
        monotonicUs: () => world.nowUs,
      },
      ids: { next: () => `d${ids.next().toString(16)}${ids.next().toString(16)}` },
    });
  }

  private async delegate(engine: Engine, listener: OfferedListener): Promise<void> {
    const { key } = listener;
    const note = (delegationId: string, strategy: string): void =>
      this.parts.link.note(key, { delegationId, strategy });
    try {
      const { strategy } = this.parts;
      const options = { target: targetOf(listener), strategy, origin: listener.origin };
      const status = await engine.delegate({ ...options, onServing: note });
      note(status.id, status.strategy);
    } catch (error) {
      this.parts.world.watch.noted?.(this.parts.process.actor, 'not-served', { error: String(error) });
      this.refuse(listener);
    }
  }

  private refuse({ key, descriptor }: OfferedListener): void {
    const { world, process, link } = this.parts;
    if (!process.alive) return;
    world.kernel.close(process, descriptor);
    link.refused(key);
  }

  /** The journal has whose listeners are, where the keeper did not get the word. */
  private withNotes(listeners: readonly OfferedListener[]): readonly OfferedListener[] {
    if (!this.parts.readsJournal || listeners.every(({ note }) => note !== undefined)) return listeners;
    const owners = this.owners();
    return listeners.map((listener) => {
      const owner = owners.get(listener.key);
      if (listener.note !== undefined || owner === undefined) return listener;
      this.parts.link.note(listener.key, owner);
      return { ...listener, note: owner };
    });
  }

  private owners(): ReadonlyMap<number, ListenerOwner> {
    const { disk } = this.parts.world;
    const scan = new OwnersScan();
    const checkpoint = parseCheckpoint(disk.checkpoint);
    for (const identity of checkpoint?.listeners ?? []) scan.know(identity);
    const isOpen = new Set(checkpoint?.streams.map(({ delegationId }) => delegationId));
    scan.keep((delegationId) => isOpen.has(delegationId));
    const eldest = disk.numbers[0] ?? 0;
    const from = Math.max(eldest * recordsPerSegment, (checkpoint?.position ?? 0) - recordsPerSegment);
    const end = this.journal.firstSegment * recordsPerSegment;
    const tail = new ModelTail(disk, from, end);
    while (tail.position < end && tail.read(scan, end - tail.position) > 0);
    return scan.known();
  }

  private tend(): void {
    this.server.tend();
    this.parts.world.scheduler.after(tendEveryUs, this.parts.process, () => this.tend());
  }

  /** A step of the main thread, and a little time before it. */
  private mainStep(name: string, run: () => void): void {
    const { world, process } = this.parts;
    world.later(process, 50, 400, () =>
      world.step(process, 'supervisor', name, null, (interference) => {
        if (interference?.diesInside === true) return 0;
        world.hasMicrotasks = true;
        run();
        return 0;
      }),
    );
  }
}

function parseCheckpoint(text: string | undefined): Checkpoint | undefined {
  const parsed = text === undefined ? undefined : checkpointSchema.safeParse(JSON.parse(text));
  return parsed?.success === true ? parsed.data : undefined;
}
