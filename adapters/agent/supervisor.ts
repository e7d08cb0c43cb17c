import { createEngine, type Engine } from '../../core/engine/engine.js';
import { isDeputyError } from '../../core/errors/deputy-error.js';
import type { Policy } from '../../core/policy/schema.js';
import type { EventStore } from '../../core/ports/event-store.js';
import { version } from '../host/build.js';
import { giveWay } from '../host/give-way.js';
import { randomIds } from '../host/ids.js';
import { usedKeys } from '../host/keys-in-use.js';
import type { OpenedStore } from '../host/open-published-store.js';
import { prepareServing, type Serving } from '../host/serving.js';
import { watchHandleUse } from '../host/watch-handle-use.js';
import type { ProcessStatus } from '../keeper/process-status.js';
import type { KeeperMessage, ListenerNote, LostListener } from '../keeper/protocol.js';
import { systemCall } from '../linux/native.js';
import { ControlSocket } from './control-socket.js';
import { DeferredEventStore } from './deferred-event-store.js';
import { ExpectedListeners } from './expected-listeners.js';
import type { OfferedListener } from './keeper-link.js';
import { loadRest } from './load-rest.js';
import { byDelegation, isAlive, targetOf, wasServed } from './offered-listeners.js';
import { openStore } from './open-store.js';
import { storeStatus } from './store-status.js';
import type { SupervisorOptions } from './supervisor-options.js';
import { writeSnapshots } from './write-snapshots.js';

/** An end waits so long for events where the store can't be opened: they stay in the journal. */
const endWithoutStoreMs = 1_000;

/** What the keeper says when it is a supervisor's turn. */
export type Turn = Pick<Extract<KeeperMessage, { kind: 'activate' }>, 'reason' | 'lost' | 'keys'>;

/**
 * A supervisor under a keeper. It prepares everything and waits; when it is its turn it takes the journal's
 * next epoch, goes on with every delegation, and only then opens the event store.
 */
export class Supervisor {
  private readonly serving: Serving;
  private readonly waiting = new Map<number, OfferedListener>();
  private readonly store = new DeferredEventStore();
  private policy: Policy;
  private expected: ExpectedListeners | undefined;
  private engine: Engine | undefined;
  private control: ControlSocket | undefined;
  private processes: readonly ProcessStatus[] = [];
  private opened: OpenedStore | undefined;
  private stopping = false;

  constructor(private readonly options: SupervisorOptions) {
    const { configuration, link, handlersModule, logger, onFatal } = options;
    this.policy = configuration.policy;
    const { stateDirectory, node, journalBytes, journalRetentionMs, eventBytes, nats } = configuration;
    this.serving = prepareServing(
      {
        stateDirectory,
        handlersModule,
        logger,
        onFatal,
        ...(node === undefined ? {} : { node }),
        ...(journalBytes === undefined ? {} : { maximumJournalBytes: journalBytes }),
        ...(journalRetentionMs === undefined ? {} : { journalRetentionMs }),
        ...(eventBytes === undefined ? {} : { maximumEventBytes: eventBytes }),
        ...(nats === undefined ? {} : { nats }),
      },
      link,
      options.first,
    );
  }

  /** Resolves when it could take over at once. Once `hurried`, it rehearses no further. */
  async prepare(hurried: AbortSignal): Promise<string | undefined> {
    await this.serving.server.warm();
    const { configuration, strategies, logger } = this.options;
    const { stateDirectory, proves, rehearses } = configuration;
    const mayRehearse = (): boolean => rehearses && !hurried.aborted;
    if (proves || mayRehearse()) await loadRest();
    if (mayRehearse()) {
      const options = { stateDirectory, policy: this.policy, strategies, hurried };
      await (await import('../rehearsal/index.js')).rehearse(this.serving.server, options, logger);
    }
    return proves ? this.serving.server.obstacle() : undefined;
  }

  /** A listener that the keeper has. */
  offer(listener: OfferedListener): void {
    if (this.engine === undefined) {
      this.waiting.set(listener.key, listener);
      this.expected?.settle(listener.key);
    } else void this.delegate(this.engine, listener);
  }

  note(key: number, note: ListenerNote): void {
    const listener = this.waiting.get(key);
    if (listener !== undefined) this.waiting.set(key, { ...listener, note });
  }

  /** No task uses the listener any more. Once it is served its loop finds out by itself. */
  gone(key: number): void {
    this.expected?.settle(key);
    const listener = this.waiting.get(key);
    if (listener === undefined) return;
    this.waiting.delete(key);
    systemCall('close', listener.descriptor);
  }

  setProcesses(processes: readonly ProcessStatus[]): void {
    this.processes = processes;
  }

  setPolicy(policy: Policy): void {
    this.policy = policy;
    this.engine?.setPolicy(policy);
  }

  reloadKeys(): Promise<unknown> {
    return this.serving.reloadKeys().then(usedKeys);
  }

  connectInjector(): void {
    this.serving.server.connectInjector();
  }

  /** It is its turn. Resolves when all targets are served; the event store follows. */
  async activate({ reason, lost, keys }: Turn): Promise<void> {
    const { serving } = this;
    this.expected = new ExpectedListeners(keys, (key) => this.waiting.has(key));
    if (!(await this.expected.complete())) {
      this.options.logger.error({ keys }, 'listeners that were served did not come');
    }
    const startedAtUs = serving.clock.monotonicUs();
    serving.begin();
    const note = (key: number, delegationId: string, strategy: string): void =>
      this.options.link.send({ kind: 'note', key, note: { delegationId, strategy } });
    const engine = createEngine({
      strategies: this.options.strategies(serving.server),
      store: this.store as EventStore,
      policy: this.policy,
      stateDirectory: { sequencer: serving.publisher, epoch: serving.journal.epoch },
      clock: serving.clock,
      ids: randomIds,
      logger: this.options.logger,
      onReplaced: (delegationId, strategy, targets) => {
        for (const { listenerKey: key } of targets) if (key !== undefined) note(key, delegationId, strategy);
      },
    });
    this.engine = engine;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    const listeners = await this.withNotes(waiting);
    await this.adoptAll(engine, listeners, reason);
    serving.endFormer();
    for (const listener of listeners) if (listener.note === undefined) void this.delegate(engine, listener);
    const durationMs = Math.round((serving.clock.monotonicUs() - startedAtUs) / 100) / 10;
    const counts = { listeners: listeners.length, epoch: serving.journal.epoch };
    this.options.logger.info({ ...counts, durationMs, reason }, 'this supervisor serves');
    void this.follow(engine, lost);
    this.searchLost(listeners.filter(({ note }) => note !== undefined));
  }

  private searchLost(listeners: readonly OfferedListener[]): void {
    const { configuration, link, logger } = this.options;
    const parts = { serving: this.serving, stateDirectory: configuration.stateDirectory, link, logger };
    void import('./lost-search.js').then(({ searchLost }) => searchLost(listeners, parts));
  }

  /** Ends: `hold` leaves the delegations as they are, for whoever gets the listeners next. */
  async stop(hold: boolean): Promise<{ abandonedTargets: number; stuckLoops: number }> {
    const isLive = ({ state }: { state: string }) => state === 'active' || state === 'recovering';
    const live = this.engine?.status().delegations.filter(isLive) ?? [];
    this.control?.close();
    this.stopping = true;
    if (!hold) await this.endDelegations();
    const stuckLoops = await this.serving.stopLoops();
    await this.serving.stopPublishing();
    await this.serving.close();
    return { abandonedTargets: hold ? 0 : live.length, stuckLoops };
  }

  private async endDelegations(): Promise<void> {
    const ended = this.engine?.close();
    if (this.opened !== undefined) return ended;
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, endWithoutStoreMs))]);
  }

  get listenerCount(): number {
    return this.serving.server.listenerCount;
  }

  /**
   * A predecessor may have served a listener and died before the keeper had its note. The journal has the
   * same, and with it the calls that are still to be answered.
   */
  private async withNotes(listeners: readonly OfferedListener[]): Promise<readonly OfferedListener[]> {
    if (listeners.every(({ note }) => note !== undefined)) return listeners;
    const owners = await this.serving.owners();
    return listeners.map((listener) => {
      const owner = owners.get(listener.key);
      if (listener.note !== undefined || owner === undefined) return listener;
      this.options.link.send({ kind: 'note', key: listener.key, note: owner });
      return { ...listener, note: owner };
    });
  }

  /** Delegations that had begun go on under their ids: all listeners of one together. */
  private async adoptAll(
    engine: Engine,
    listeners: readonly OfferedListener[],
    reason: string,
  ): Promise<void> {
    const { server, journal } = this.serving;
    for (const [delegationId, entries] of byDelegation(listeners)) {
      try {
        await engine.adopt({
          delegationId,
          strategy: entries[0]?.note?.strategy ?? '',
          wanted: this.options.configuration.strategy ?? 'auto',
          targets: entries.map(targetOf),
          reason,
          inFlight: entries.reduce((sum, { key }) => sum + server.inFlight(key), 0),
          previousEpoch: journal.epoch - 1,
        });
      } catch (error) {
        this.options.logger.error({ err: error, delegation: delegationId }, 'a delegation can not go on');
        for (const listener of entries) this.refuse(listener, error);
      }
    }
  }

  private async delegate(engine: Engine, listener: OfferedListener): Promise<void> {
    const { key, state } = listener;
    const note = (delegationId: string, strategy: string): void =>
      this.options.link.send({ kind: 'note', key, note: { delegationId, strategy } });
    try {
      const status = await engine.delegate({
        target: targetOf(listener),
        strategy: this.options.configuration.strategy ?? 'auto',
        origin: listener.origin,
        onServing: note,
      });
      note(status.id, status.strategy);
      if (wasServed(listener)) this.searchLost([listener]);
    } catch (error) {
      const code = isDeputyError(error) ? error.code : 'DEPUTY_E_HANDLER_FAILED';
      const bindings = { err: error, code, container: state.containerId };
      this.options.logger.error(bindings, 'the container is not served; its calls will fail with ENOSYS');
      this.refuse(listener, error);
    }
  }

  /** Nobody is to hold the listener any longer, so that its target's calls don't wait for ever. */
  private refuse({ key, descriptor }: OfferedListener, error: unknown): void {
    systemCall('close', descriptor);
    const code = isDeputyError(error) ? error.code : 'DEPUTY_E_HANDLER_FAILED';
    const message = error instanceof Error ? error.message : String(error);
    this.options.link.send({ kind: 'refused', key, code, message });
  }

  /** What nobody waits for: the event store, status, and the ends of what predecessors left open. */
  private async follow(engine: Engine, lost: readonly LostListener[]): Promise<void> {
    const { configuration, logger } = this.options;
    const { stateDirectory, nats } = configuration;
    try {
      const answers = { status: () => this.status(engine), keys: () => this.reloadKeys() };
      this.control = await ControlSocket.open(stateDirectory, answers, logger);
    } catch (error) {
      logger.error({ err: error }, 'there is no control socket; `deputy status` finds no agent');
    }
    const isOver = (): boolean => this.stopping;
    const store = await openStore(() => this.serving.publishTo(stateDirectory), isOver, logger);
    if (store === undefined) return;
    this.store.open(store);
    this.opened = store;
    await this.serving.publisher.caughtUp();
    // Until here a successor was in a hurry; from here on requests come before events.
    giveWay();
    // A request has its event before its delegation has its last one.
    await this.serving.server.formerEnded();
    await engine.settlePredecessors(new Set(lost.filter(isAlive).map(({ note }) => note.delegationId)));
    writeSnapshots(engine, this.serving.publisher, nats?.stream?.maximumAgeMs, isOver);
    watchHandleUse(engine, isOver);
  }

  private status(engine: Engine): Record<string, unknown> {
    return {
      version,
      epoch: this.serving.journal.epoch,
      processes: this.processes,
      listeners: this.listenerCount,
      ...storeStatus(this.opened, this.options.configuration.nats),
      targets: engine.status().delegations,
    };
  }
}
