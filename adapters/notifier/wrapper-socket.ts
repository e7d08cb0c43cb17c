import { deputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';
import { servedAnnotation } from '../agent/offered-listeners.js';
import type { Admission } from '../broker/peer.js';
import { type BrokerSocket, listenAt } from '../broker/socket-path.js';
import { type DescriptorStorage, listenerKey, listenerName, type StoredDescriptor } from '../keeper/index.js';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { isProcessThere } from '../linux/pidfd.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { loopListener } from '../linux/request-kernel/loop-listener.js';
import type { Threads } from '../linux/request-kernel/threads.js';
import { acceptConnection } from '../linux/sockets.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import {
  cgroupOfPresent,
  isBeside,
  isKeeperThere,
  isSame,
  keeperAnnotation,
  keeperStartAnnotation,
  startOf,
} from './beside.js';
import { type Hello, helloBytes, readHello, wordType, writeWord } from './packets.js';

/** Wrapped programs at a time; each keeps one connection. */
const connectionLimit = 64;
/** In one turn of the event loop, where supervisors' heartbeats have theirs; at the end all that wait. */
const acceptedAtOnce = 8;
const waitingLimit = 1_024;
const strangersPerLine = 1_000; // One line of the log stands for them.
/** A listener keeper says all at once; who is silent for longer is none. */
const helloTimeoutMs = 2_000;
/**
 * A keeper whose program lives tries each 20 ms, and one that is gone is not waited for: the bound is for a
 * container that is frozen. What that one had under way is looked for when it comes after all.
 */
const comeBackMs = 15_000;
const lookEveryMs = 10;
const EAGAIN = -11;
const noListenerKey = 0;

/** A listener that came, and whose it is as the kernel shows it. */
export interface BroughtListener {
  readonly state: ContainerProcessState;
  readonly descriptor: number;
}

interface Connection {
  readonly socket: number;
  readonly watch: Watch;
  readonly timer: NodeJS.Timeout;
  /** What came, until it is taken. */
  brought: (BroughtListener & { readonly key: number }) | undefined;
  name: string | undefined;
  /** Who brought it, once that was looked at. */
  keeper: ContainerProcessState | undefined;
}

export interface WrapperSocketOptions {
  readonly path: string;
  readonly admission: Admission;
  readonly threads: Threads;
  readonly user: number;
  /** The target's name: what its programs are called after, and whose handles are sealed. */
  readonly container: string;
  readonly logger: Logger;
}

/**
 * Where the listener keepers of wrapped programs bring their listeners, and bring them again to whoever
 * listens after this process. To a keeper of supervisors it is what a service manager's descriptor store is:
 * there the listeners are when all of this container was killed.
 */
export class WrapperSocket implements DescriptorStorage {
  private readonly memory = allocate(4096);
  private readonly received = createReceivedMessage();
  private readonly connections = new Set<Connection>();
  private readonly byName = new Map<string, Connection>();
  private readonly watch: Watch;
  private awaited: ReadonlyMap<number, ContainerProcessState> = new Map();
  private strangers = 0;
  private take: ((brought: BroughtListener) => boolean) | undefined;

  private constructor(
    private readonly options: WrapperSocketOptions,
    private readonly socket: BrokerSocket,
  ) {
    this.watch = watchReadable(socket.descriptor, () => this.accept());
  }

  /** Throws DEPUTY_E_BROKER_SOCKET. */
  static open(options: WrapperSocketOptions): WrapperSocket {
    return new WrapperSocket(options, listenAt(options.path));
  }

  /**
   * The listeners that a predecessor had, as their keepers bring them back. Those whose program is gone are
   * not waited for, and none for longer than a bound.
   */
  async comeBack(remembered: ReadonlyMap<number, ContainerProcessState>): Promise<StoredDescriptor[]> {
    const missing = new Map([...remembered].filter(([, state]) => isKeeperThere(state)));
    this.awaited = missing;
    const stored: StoredDescriptor[] = [];
    const end = performance.now() + comeBackMs;
    while (missing.size > 0 && performance.now() < end) {
      for (const connection of this.connections) {
        const key = this.keyOf(connection, missing);
        const { brought } = connection;
        if (key === undefined || brought === undefined) continue;
        missing.delete(key);
        // Not told its name yet, so nobody ever served it: a new one.
        if (brought.key === 0) continue;
        connection.brought = undefined;
        this.call(connection, listenerName(key));
        stored.push({ name: listenerName(key), descriptor: brought.descriptor });
      }
      for (const [key, state] of missing) if (!isKeeperThere(state)) missing.delete(key);
      if (missing.size > 0) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    this.awaited = new Map();
    for (const [key, { containerId }] of missing) {
      this.options.logger.warn(
        { container: containerId, listener: key },
        'its listener was not brought back',
      );
    }
    return stored;
  }

  /** Which of the missing ones a connection has brought. */
  private keyOf(
    { brought }: Connection,
    missing: ReadonlyMap<number, ContainerProcessState>,
  ): number | undefined {
    if (brought === undefined) return undefined;
    for (const [key, state] of missing) {
      const isNamed = brought.key === key || brought.key === 0;
      if (isNamed && isSame(state, brought.state)) return key;
    }
    return undefined;
  }

  /** From here on new listeners go to `take`, which says whether it keeps them; those that wait, at once. */
  serve(take: (brought: BroughtListener) => boolean): void {
    this.take = take;
    for (const connection of this.connections) this.offer(connection);
  }

  /** The keeper of supervisors has named a listener: its keeper is to bring it under that name. */
  store(name: string, descriptor: number): void {
    const key = listenerKey(name);
    const connection = [...this.connections].find(({ brought }) => brought?.descriptor === descriptor);
    if (key === undefined || connection === undefined) return;
    connection.brought = undefined;
    this.call(connection, name);
    this.say(connection, wordType.key, key);
  }

  /** Nobody serves it: its keeper lets go of it, too, so that its program gets ENOSYS instead of waiting. */
  remove(name: string): void {
    const connection = this.byName.get(name);
    if (connection !== undefined) this.refuse(connection, "it was refused; see the sidecar's log");
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  /** Ends all connections. Keepers hold what they held, and look for a successor; `forGood`: all let go. */
  close(forGood = false): void {
    this.watch.stop();
    if (forGood) this.accept(waitingLimit);
    this.socket.close();
    for (const connection of [...this.connections]) {
      if (forGood) this.refuse(connection, 'the sidecar has ended for good');
      else this.end(connection);
    }
  }

  private accept(most = acceptedAtOnce): void {
    for (let count = 0; count < most; count++) {
      const socket = acceptConnection(this.socket.descriptor);
      if (socket < 0) return;
      if (this.connections.size >= connectionLimit && most !== waitingLimit) {
        // Not refused: that would have its keeper let go. It tries again, and others may be gone by then.
        systemCall('close', socket);
        continue;
      }
      const connection: Connection = {
        socket,
        watch: watchReadable(socket, () => this.read(connection)),
        timer: setTimeout(() => this.end(connection), helloTimeoutMs),
        brought: undefined,
        name: undefined,
        keeper: undefined,
      };
      this.connections.add(connection);
    }
  }

  private read(connection: Connection): void {
    const { received, memory } = this;
    const bytes = receiveWithDescriptors(connection.socket, memory.address, helloBytes, received);
    if (bytes === EAGAIN) return;
    const [descriptor] = received.descriptors.subarray(0, received.count);
    const hello = bytes > 0 ? readHello(memory, bytes) : undefined;
    const isFirst = connection.brought === undefined && connection.name === undefined;
    if (hello === undefined || received.count !== 1 || descriptor === undefined || !isFirst) {
      for (const one of received.descriptors.subarray(0, received.count)) systemCall('close', one);
      return this.end(connection);
    }
    clearTimeout(connection.timer);
    const state = this.identify(connection, hello);
    if (typeof state === 'string') {
      systemCall('close', descriptor);
      return this.refuse(connection, state);
    }
    connection.keeper = state;
    connection.brought = { state, descriptor, key: hello.key };
    this.offer(connection);
  }

  /** Who brought it, as the kernel shows it; or why it is not for us, which the log says, too. */
  private identify({ socket }: Connection, { key, processId }: Hello): ContainerProcessState | string {
    const { admission, threads, user, container, logger } = this.options;
    const listener = loopListener(noListenerKey, socket);
    const connected = [...this.connections].flatMap(({ keeper }) => keeper ?? []);
    const known = [...connected, ...this.awaited.values()];
    const peer = admission.admit(socket, listener, cgroupOfPresent(known));
    if (typeof peer === 'string') {
      const error = deputyError('DEPUTY_E_NOTIFIER_PEER', { detail: peer });
      // A flood of them must not become one of the log.
      if (this.strangers++ % strangersPerLine === 0) {
        logger.warn({ code: error.code, remedy: error.remedy, turnedAway: this.strangers }, error.message);
      }
      return error.message;
    }
    threads.forgetAll(listener);
    const start = startOf(peer.processId);
    // Alive behind that: so the start is that of the process which connected.
    const isThereStill = isProcessThere(peer.pidfd);
    systemCall('close', peer.pidfd);
    if (!isThereStill || start === undefined) return 'it has ended';
    // What it says of its program is taken where that is in the same place; itself is beside it, anyway.
    const program = isBeside(processId, peer.cgroup, user) ? processId : peer.processId;
    return {
      // The keeper's number is the kernel's word, and lasts as long as the listener.
      containerId: `${container}-${peer.processId}`,
      processId: program,
      metadata: `tenant=${container}`,
      bundle: '',
      annotations: {
        [keeperAnnotation]: `${peer.processId}`,
        [keeperStartAnnotation]: start,
        ...(key === 0 ? {} : { [servedAnnotation]: `${key}` }),
      },
      listenerIndex: 0,
    };
  }

  private offer(connection: Connection): void {
    const { brought } = connection;
    if (this.take === undefined || brought === undefined) return;
    // One that was called before and came too late is a new one. store() is called on the way.
    if (this.take(brought)) return;
    connection.brought = undefined;
    this.refuse(connection, 'what it brought is no seccomp listener');
  }

  private call(connection: Connection, name: string): void {
    connection.name = name;
    this.byName.set(name, connection);
  }

  private refuse(connection: Connection, text: string): void {
    this.say(connection, wordType.refused, 0, text);
    this.end(connection);
  }

  private say({ socket }: Connection, type: number, key: number, text?: string): void {
    const bytes = writeWord(this.memory, type, key, text);
    sendWithDescriptors(socket, this.memory.address, bytes, []);
  }

  private end(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    clearTimeout(connection.timer);
    connection.watch.stop();
    if (connection.name !== undefined) this.byName.delete(connection.name);
    if (connection.brought !== undefined) systemCall('close', connection.brought.descriptor);
    systemCall('close', connection.socket);
  }
}
