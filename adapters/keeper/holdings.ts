import type { Logger } from '../../core/ports/logger.js';
import { placeOf } from '../linux/cgroups.js';
import { AgentSocket, type AgentSocketOptions } from '../oci/agent-socket.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import {
  type DescriptorStorage,
  listenerName,
  type StoredDescriptor,
  scoreboardName,
  socketName,
} from './descriptor-storage.js';
import { type KeptListener, ListenerBook } from './listener-book.js';
import { takeStored } from './take-stored.js';

/**
 * All that outlives supervisors, and by name: the listeners, the socket for runtimes, what injectors wrote
 * down. Where there is a store beyond this process, it is told of each.
 */
export class Holdings {
  readonly book: ListenerBook;
  private socket: AgentSocket | undefined;
  private storedSocket: number | undefined;
  private scoreboard: number | undefined;

  constructor(
    stateDirectory: string,
    private readonly storage: DescriptorStorage | undefined,
    logger: Logger,
    onGone: (listener: KeptListener) => void,
  ) {
    this.book = new ListenerBook(stateDirectory, logger, (listener) => {
      storage?.remove(listenerName(listener.key));
      onGone(listener);
    });
  }

  /** Do they outlive this process? */
  get outlive(): boolean {
    return this.storage !== undefined;
  }

  /** Takes what an earlier keeper held. The scoreboard is the injector's to use. */
  takeBack(stored: readonly StoredDescriptor[]): { readonly scoreboard?: number } {
    const taken = takeStored(stored, this.book, this.storage);
    if (taken.socket !== undefined) this.storedSocket = taken.socket;
    return taken;
  }

  keepScoreboard(descriptor: number | undefined): void {
    this.scoreboard = descriptor;
    if (descriptor !== undefined) this.storage?.store(scoreboardName, descriptor);
  }

  /** Notes where the kernel has the target now: the runtime's word is compared with it. */
  keep(state: ContainerProcessState, descriptor: number, origin: string): KeptListener {
    const known = this.book.all.find((one) => one.state.containerId === state.containerId);
    const place = state.processId === 0 ? cgroupOf(known) : placeOf(state.processId);
    const listener = this.book.take({ ...state, ...place }, descriptor, origin);
    this.storage?.store(listenerName(listener.key), descriptor);
    return listener;
  }

  /** Listens for runtimes: on the socket of an earlier keeper where that can still be reached. */
  openSocket(options: AgentSocketOptions): void {
    if (this.storedSocket !== undefined) this.socket = AgentSocket.adopt(options, this.storedSocket);
    this.socket ??= AgentSocket.open(options);
    this.storage?.store(socketName, this.socket.descriptor);
  }

  /** Listens no more. `kept`: connections wait for whoever gets the socket. */
  async closeSocket(kept: boolean): Promise<void> {
    if (kept) await this.socket?.handOver();
    else this.socket?.close();
  }

  /** Resolves when files and store know all that they are to know. */
  async close(): Promise<void> {
    await this.book.close();
    await this.storage?.settled();
  }

  /** Everything by its name, for whoever gets it. */
  list(): readonly StoredDescriptor[] {
    const { socket, scoreboard } = this;
    return [
      ...(socket === undefined ? [] : [{ name: socketName, descriptor: socket.descriptor }]),
      ...(scoreboard === undefined ? [] : [{ name: scoreboardName, descriptor: scoreboard }]),
      ...this.book.all.map(({ key, descriptor }) => ({ name: listenerName(key), descriptor })),
    ];
  }
}

/** Where the kernel has the container that a further listener says it is of. */
function cgroupOf(known: KeptListener | undefined): { readonly cgroup?: string } {
  const cgroup = known?.state.cgroup;
  return cgroup === undefined ? {} : { cgroup };
}
