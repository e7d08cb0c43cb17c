import { deputyError } from '../../core/errors/deputy-error.js';
import { keeperLimits, lookEveryMs, stopWaitMs } from '../../core/keeper/limits.js';
import { Supervision, type SupervisionEffect } from '../../core/keeper/supervision.js';
import type { Policy } from '../../core/policy/schema.js';
import { systemCall } from '../linux/native.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import { isSeccompListener } from '../oci/listener-check.js';
import { rehearseHandOver } from '../oci/rehearsal.js';
import { InjectorProcess } from '../supervisor/injector-process.js';
import { Awaited, failureOf } from './awaited.js';
import type { StoredDescriptor } from './descriptor-storage.js';
import { Holdings } from './holdings.js';
import { hostStateOf, stayOutOfReach } from './host-process.js';
import type { KeeperEnd, KeeperOptions } from './keeper-options.js';
import type { KeptListener } from './listener-book.js';
import { processesOf } from './process-list.js';
import type { ListenerNote, SupervisorMessage } from './protocol.js';
import { sayFailing, sayKilled } from './say-failing.js';
import { SupervisorChild } from './supervisor-child.js';

/**
 * Holds what must outlive the processes that answer: the socket for runtimes, and the listeners. Starts and
 * restarts supervisors and the injector. Decides nothing about requests, and makes no call that a target can
 * keep waiting.
 */
export class Keeper {
  private readonly children = new Map<number, SupervisorChild>();
  private readonly awaited = new Awaited();
  private readonly holdings: Holdings;
  private readonly supervision: Supervision;
  private readonly injector: InjectorProcess;
  private timer: NodeJS.Timeout | undefined;
  private lastLookMs = 0;
  private nextId = 1;
  private hasProved = false;
  private isDependedOn = false;
  private stopping = false;
  private hasStopped: () => void = () => undefined;
  private policy: Policy;
  private end: KeeperEnd = { abandonedTargets: 0, stuckLoops: 0 };
  private readonly firstActive: Promise<void>;
  private becameActive: () => void = () => undefined;
  private failedToStart: (error: Error) => void = () => undefined;

  constructor(private readonly options: KeeperOptions) {
    const { configuration, logger } = options;
    const { stateDirectory, policy } = configuration;
    this.policy = policy;
    this.holdings = new Holdings(stateDirectory, options.storage, logger, (listener) => this.gone(listener));
    this.supervision = new Supervision(keeperLimits, options.standby);
    this.injector = new InjectorProcess(logger, () => this.injectorReady());
    this.firstActive = new Promise((resolve, reject) => {
      this.becameActive = resolve;
      this.failedToStart = reject;
    });
  }

  /** Resolves when a supervisor serves. Throws a coded error when the first one can't. */
  async start(): Promise<void> {
    stayOutOfReach(this.options.logger);
    this.takeBack(this.options.stored ?? []);
    // Whoever replaces another has all ready first, so that calls wait for a moment only.
    await (this.options.handOver === undefined ? this.injector.start() : this.injector.prepare());
    this.lastLookMs = performance.now();
    this.timer = setInterval(() => this.look(), lookEveryMs);
    this.obey(this.supervision.begin());
    const { socketPath, allowedUsers, logger } = this.options;
    const rehearsed = socketPath === undefined ? undefined : rehearseHandOver();
    await this.firstActive;
    await rehearsed;
    if (socketPath === undefined) return;
    this.holdings.openSocket({
      path: socketPath,
      logger,
      ...(allowedUsers ? { allowedUsers } : {}),
      onListener: (state: ContainerProcessState, listener: number) => void this.take(state, listener),
    });
  }

  /**
   * Ends at once, and gives away all that outlives this process. What is in flight is finished by whoever
   * gets it; only what the injector began it finishes itself.
   */
  async handOver(): Promise<readonly StoredDescriptor[]> {
    await this.holdings.closeSocket(true);
    this.stopping = true;
    this.supervision.stop();
    clearInterval(this.timer);
    // Supervisors go on until there is nothing else to wait for, so that calls wait for a moment only.
    await this.injector.stop();
    for (const child of this.children.values()) child.kill();
    return this.holdings.list();
  }

  private takeBack(stored: readonly StoredDescriptor[]): void {
    const { scoreboard } = this.holdings.takeBack(stored);
    if (scoreboard !== undefined) this.injector.useScoreboard(scoreboard);
    this.holdings.keepScoreboard(this.injector.scoreboardDescriptor);
  }

  /** Keeps a listener and has it served. */
  take(state: ContainerProcessState, descriptor: number, origin = 'runtime'): KeptListener | undefined {
    if (!isSeccompListener(descriptor)) {
      systemCall('close', descriptor);
      const error = deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'it is not a seccomp listener' });
      return void this.options.logger.warn({ code: error.code, container: state.containerId }, error.message);
    }
    const listener = this.holdings.keep(state, descriptor, origin);
    for (const child of this.children.values()) child.giveListener(listener);
    return listener;
  }

  /** Resolves when this listener is served; throws when that is refused. */
  served(key: number): Promise<void> {
    return this.awaited.wait(key);
  }

  /** Has every supervisor, and all that come, go by another policy. */
  setPolicy(policy: Policy): void {
    this.policy = policy;
    for (const child of this.children.values()) child.send({ kind: 'policy', policy });
  }

  /** Stops taking containers, lets the active supervisor finish, ends the others. */
  async stop(forGood = false): Promise<KeeperEnd> {
    // What is stored outlives this process: connections wait for the next one.
    const hold = this.holdings.outlive && !forGood;
    await this.holdings.closeSocket(hold);
    this.stopping = true;
    const activeId = this.supervision.stop();
    const active = activeId === undefined ? undefined : this.children.get(activeId);
    for (const child of this.children.values()) if (child !== active) child.kill();
    if (active !== undefined) {
      // Its word is enough: a target may keep its process in the kernel for longer.
      const exited = new Promise<void>((resolve) => {
        this.hasStopped = resolve;
        active.process.once('exit', () => resolve());
      });
      active.send({ kind: 'stop', hold });
      const late = setTimeout(() => active.kill(), stopWaitMs);
      await exited;
      clearTimeout(late);
    }
    clearInterval(this.timer);
    await this.injector.stop();
    await this.holdings.close();
    return this.end;
  }

  private look(): void {
    const nowMs = performance.now();
    // When this process itself did not run, nobody else may have, either.
    if (nowMs - this.lastLookMs > 2 * lookEveryMs) this.supervision.forgive();
    this.lastLookMs = nowMs;
    const beats = new Map([...this.children].map(([id, child]) => [id, child.beats]));
    this.obey(this.supervision.look(beats, (id) => hostStateOf(this.children.get(id)?.pid ?? 0)));
  }

  private obey(effects: readonly SupervisionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'spawn':
          if (effect.delayMs === 0) this.spawn();
          else setTimeout(() => this.spawn(), effect.delayMs);
          break;
        case 'activate':
          this.activate(effect.id, effect.reason);
          break;
        case 'kill':
          sayKilled(this.children.get(effect.id)?.pid, effect.reason, this.options.logger);
          this.children.get(effect.id)?.kill();
          break;
        case 'hurry':
          this.children.get(effect.id)?.send({ kind: 'hurry' });
          break;
        case 'failing':
          sayFailing(effect.deaths, this.options.logger);
      }
    }
  }

  private spawn(): void {
    if (this.stopping) return;
    const id = this.nextId++;
    const child = new SupervisorChild({
      entry: this.options.supervisorEntry,
      onMessage: (message) => this.hear(id, child, message),
      onExit: (how, livedMs, wasKilled) => this.died(id, how, livedMs, wasKilled),
    });
    this.children.set(id, child);
    this.supervision.started(id);
    const { handOver, isProved, configuration } = this.options;
    const rehearses = (handOver !== undefined && !this.hasProved) || this.supervision.activeId !== undefined;
    const work = { ...configuration, policy: this.policy, proves: !this.hasProved && !isProved, rehearses };
    child.send({ kind: 'start', configuration: work });
    child.giveListeners(this.holdings.book.all);
    this.tellProcesses();
  }

  private activate(id: number, reason: string): void {
    const child = this.children.get(id);
    const { book } = this.holdings;
    const lost = this.hasProved ? [] : book.takeLost();
    const keys = book.all.map(({ key }) => key);
    child?.send({ kind: 'activate', reason, lost, keys });
    this.hasProved = true;
    this.options.logger.info({ supervisor: child?.pid, reason }, 'a supervisor takes over');
  }

  private died(id: number, how: string, livedMs: number, wasKilled: boolean): void {
    const child = this.children.get(id);
    const phase = this.supervision.phaseOf(id);
    this.children.delete(id);
    if (!this.stopping) {
      this.options.logger.error({ supervisor: child?.pid, phase, reason: how }, 'a supervisor ended');
    }
    if (!this.isDependedOn) {
      // The agent does not start; what it said of the reason may still be on its way.
      const giveUp = (): void =>
        this.failedToStart(deputyError('DEPUTY_E_SUPERVISOR_FAILED', { detail: how }));
      return child?.process.connected ? void child.process.once('disconnect', giveUp) : giveUp();
    }
    this.obey(this.supervision.died(id, livedMs, how, wasKilled));
    this.tellProcesses();
  }

  private hear(id: number, child: SupervisorChild, message: SupervisorMessage): void {
    switch (message.kind) {
      case 'ready':
        return void this.becameReady(id);
      case 'failed':
        if (!this.isDependedOn) return this.failedToStart(failureOf(message));
        return this.options.logger.error({ code: message.code }, message.message);
      case 'active':
        this.isDependedOn = true;
        this.becameActive();
        return;
      case 'note':
        return this.note(message.key, message.note);
      case 'refused':
        return this.refuse(message);
      case 'channel':
        return this.openChannel(child, message.token);
      case 'stopped':
        this.end = message;
        this.hasStopped();
    }
  }

  /** Once nobody holds the listener its target's calls give ENOSYS, as they must, instead of waiting. */
  private refuse({ key, code, message }: Extract<SupervisorMessage, { kind: 'refused' }>): void {
    this.awaited.refused(key, failureOf({ code, message }));
    this.holdings.book.drop(key);
  }

  private async becameReady(id: number): Promise<void> {
    const { handOver } = this.options;
    if (handOver !== undefined && !this.isDependedOn) {
      try {
        this.takeBack(await handOver());
        // From here on others' targets depend on this agent: it tries again instead of giving up.
        this.isDependedOn = true;
      } catch (error) {
        return this.failedToStart(error as Error);
      }
      void this.injector.begin();
      // To all: the one that was ready may be dead by now, and another be on its way.
      for (const each of this.children.values()) each.giveListeners(this.holdings.book.all);
    }
    this.obey(this.supervision.ready(id));
    this.tellProcesses();
  }

  private note(key: number, note: ListenerNote): void {
    this.awaited.served(key);
    this.holdings.book.note(key, note);
    for (const child of this.children.values()) child.send({ kind: 'note', key, note });
  }

  private openChannel(child: SupervisorChild, token: number): void {
    void this.injector.openChannel().then((channel) => {
      if (channel !== undefined) child.giveChannel(token, channel);
    });
  }

  private injectorReady(): void {
    for (const child of this.children.values()) child.send({ kind: 'injector' });
    this.tellProcesses();
  }

  private gone({ key }: KeptListener): void {
    for (const child of this.children.values()) child.send({ kind: 'gone', key });
  }

  private tellProcesses(): void {
    const processes = processesOf(this.children, this.supervision, this.injector.processId);
    for (const child of this.children.values()) child.send({ kind: 'processes', processes });
  }
}
