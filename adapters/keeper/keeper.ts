import { DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import type { ErrorCode } from '../../core/errors/table.js';
import { Supervision, type SupervisionEffect } from '../../core/keeper/supervision.js';
import type { Logger } from '../../core/ports/logger.js';
import { systemCall } from '../linux/native.js';
import { AgentSocket } from '../oci/agent-socket.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import { isSeccompListener } from '../oci/listener-check.js';
import { InjectorProcess } from '../supervisor/injector-process.js';
import {
  type DescriptorStorage,
  listenerKey,
  listenerName,
  type StoredDescriptor,
  socketName,
} from './descriptor-storage.js';
import { hostStateOf, stayOutOfReach } from './host-process.js';
import { keeperLimits, lookEveryMs, stopWaitMs } from './limits.js';
import { type KeptListener, ListenerBook } from './listener-book.js';
import type { ProcessStatus } from './process-status.js';
import type { ListenerNote, SupervisorConfiguration, SupervisorMessage } from './protocol.js';
import { SupervisorChild } from './supervisor-child.js';

export interface KeeperOptions {
  /** The socket for runtimes; none for `deputy run`, whose one target comes by take(). */
  readonly socketPath?: string;
  readonly allowedUsers?: readonly number[];
  readonly configuration: Omit<SupervisorConfiguration, 'proves'>;
  /** The compiled entry of supervisors. */
  readonly supervisorEntry: string;
  readonly standby: boolean;
  /** Keeps descriptors beyond this process's own end; then its end is not that of its targets. */
  readonly storage?: DescriptorStorage;
  /** What an earlier keeper had stored. */
  readonly stored?: readonly StoredDescriptor[];
  readonly logger: Logger;
}

/** How an agent ended. */
export interface KeeperEnd {
  readonly abandonedTargets: number;
  readonly stuckLoops: number;
}

/**
 * Holds what must outlive the processes that answer: the socket for runtimes, and the listeners. Starts and
 * restarts supervisors and the injector. Decides nothing about requests, and makes no call that a target can
 * keep waiting.
 */
export class Keeper {
  private readonly children = new Map<number, SupervisorChild>();
  private readonly book: ListenerBook;
  private readonly supervision: Supervision;
  private readonly injector: InjectorProcess;
  private socket: AgentSocket | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastLookMs = 0;
  private nextId = 1;
  private hasProved = false;
  private stopping = false;
  private hasStopped: () => void = () => undefined;
  private end: KeeperEnd = { abandonedTargets: 0, stuckLoops: 0 };
  private readonly firstActive: Promise<void>;
  private becameActive: () => void = () => undefined;
  private failedToStart: (error: Error) => void = () => undefined;

  constructor(private readonly options: KeeperOptions) {
    const { configuration, logger } = options;
    this.book = new ListenerBook(configuration.stateDirectory, logger, (listener) => this.gone(listener));
    this.supervision = new Supervision(keeperLimits, options.standby);
    this.injector = new InjectorProcess(logger, () => this.injectorReady());
    this.firstActive = new Promise((resolve, reject) => {
      this.becameActive = resolve;
      this.failedToStart = reject;
    });
  }

  /** Starts everything; resolves when a supervisor serves. Throws a coded error when the first one can't. */
  async start(): Promise<void> {
    stayOutOfReach(this.options.logger);
    const storedSocket = this.takeBack();
    await this.injector.start();
    this.lastLookMs = performance.now();
    this.timer = setInterval(() => this.look(), lookEveryMs);
    this.obey(this.supervision.begin());
    await this.firstActive;
    const { socketPath, allowedUsers, logger } = this.options;
    if (socketPath === undefined) return;
    const socketOptions = {
      path: socketPath,
      logger,
      ...(allowedUsers ? { allowedUsers } : {}),
      onListener: (state: ContainerProcessState, listener: number) => void this.take(state, listener),
    };
    if (storedSocket !== undefined) this.socket = AgentSocket.adopt(socketOptions, storedSocket);
    this.socket ??= AgentSocket.open(socketOptions);
    this.options.storage?.store(socketName, this.socket.descriptor);
  }

  /** Takes what an earlier keeper had stored: listeners by their keys. Returns the socket, if there is one. */
  private takeBack(): number | undefined {
    let socket: number | undefined;
    for (const { name, descriptor } of this.options.stored ?? []) {
      const key = listenerKey(name);
      if (name === socketName) socket = descriptor;
      else if (key !== undefined && isSeccompListener(descriptor) && this.book.takeBack(key, descriptor))
        continue;
      else {
        systemCall('close', descriptor);
        this.options.storage?.remove(name);
      }
    }
    return socket;
  }

  /** Keeps a listener and has it served. */
  take(state: ContainerProcessState, descriptor: number): KeptListener | undefined {
    if (!isSeccompListener(descriptor)) {
      systemCall('close', descriptor);
      const error = deputyError('DEPUTY_E_LISTENER_INVALID', { detail: 'it is not a seccomp listener' });
      this.options.logger.warn({ code: error.code, container: state.containerId }, error.message);
      return undefined;
    }
    const listener = this.book.take(state, descriptor);
    this.options.storage?.store(listenerName(listener.key), descriptor);
    for (const child of this.children.values()) child.giveListener(listener);
    return listener;
  }

  /** Has every supervisor read the policy again. */
  reloadPolicy(): void {
    for (const child of this.children.values()) child.send({ kind: 'policy' });
  }

  /** Stops taking containers, lets the active supervisor finish, ends the others. */
  async stop(): Promise<KeeperEnd> {
    this.stopping = true;
    // What is stored outlives this process: connections wait for the next one.
    const hold = this.options.storage !== undefined;
    this.socket?.close(hold);
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
    await this.book.close();
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
          this.options.logger.error(
            { supervisor: this.children.get(effect.id)?.pid, reason: effect.reason },
            'a supervisor is killed',
          );
          this.children.get(effect.id)?.kill();
          break;
        case 'failing': {
          const detail = `${effect.deaths} deaths in a row`;
          const error = deputyError('DEPUTY_E_SUPERVISOR_FAILED', { detail });
          this.options.logger.error({ err: error, code: error.code }, error.message);
        }
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
    child.send({ kind: 'start', configuration: { ...this.options.configuration, proves: !this.hasProved } });
    for (const listener of this.book.all) child.giveListener(listener);
    this.tellProcesses();
  }

  private activate(id: number, reason: string): void {
    const child = this.children.get(id);
    child?.send({ kind: 'activate', reason, lost: this.hasProved ? [] : this.book.takeLost() });
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
    if (!this.hasProved) {
      this.failedToStart(deputyError('DEPUTY_E_SUPERVISOR_FAILED', { detail: how }));
    }
    this.obey(this.supervision.died(id, livedMs, how, wasKilled));
    this.tellProcesses();
  }

  private hear(id: number, child: SupervisorChild, message: SupervisorMessage): void {
    switch (message.kind) {
      case 'ready':
        this.obey(this.supervision.ready(id));
        this.tellProcesses();
        return;
      case 'failed':
        if (!this.hasProved)
          this.failedToStart(new DeputyError(message.code as ErrorCode, message.message, message.remedy));
        return;
      case 'active':
        this.becameActive();
        return;
      case 'note':
        return this.note(message.key, message.note);
      case 'channel':
        return this.openChannel(child, message.token);
      case 'stopped':
        this.end = message;
        this.hasStopped();
    }
  }

  private note(key: number, note: ListenerNote): void {
    this.book.note(key, note);
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
    this.options.storage?.remove(listenerName(key));
    for (const child of this.children.values()) child.send({ kind: 'gone', key });
  }

  private tellProcesses(): void {
    const processes = this.processes();
    for (const child of this.children.values()) child.send({ kind: 'processes', processes });
  }

  /** Who there is, for status. */
  processes(): readonly ProcessStatus[] {
    const supervisors = [...this.children].map(([id, { pid }]): ProcessStatus => {
      const phase = this.supervision.phaseOf(id);
      const state = phase === 'active' || phase === 'standby' ? phase : 'starting';
      return { pid, role: 'supervisor', state };
    });
    const { processId } = this.injector;
    return [
      { pid: process.pid, role: 'keeper', state: 'active' },
      ...supervisors,
      ...(processId === undefined ? [] : [{ pid: processId, role: 'injector', state: 'active' } as const]),
    ];
  }
}
