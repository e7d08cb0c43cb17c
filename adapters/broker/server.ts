import { judgePacket } from '../../core/broker/judge-packet.js';
import { type BrokerFaultName, maximumPacketBytes } from '../../core/broker/packets.js';
import type { Logger } from '../../core/ports/logger.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import { createReceivedMessage, receiveWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EpollSet } from '../linux/poll.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { loopListener } from '../linux/request-kernel/loop-listener.js';
import type { Threads } from '../linux/request-kernel/threads.js';
import { acceptConnection } from '../linux/sockets.js';
import { Connection, sendFault } from './connection.js';
import type { Admission } from './peer.js';
import type { RequestRunner } from './request-runner.js';

/** Connections at a time; a target needs one for each of its threads at most. */
export const connectionLimit = 64;
/** Who has said nothing for so long is let go: its place may be wanted. */
const greetingMs = 2_000;
const sweepMs = 500;
/** Served in one turn of the event loop, each connection once: events and signals have their turns, too. */
const readyAtOnce = 64;
const acceptedAtOnce = 8;
/** Between two looks for room in the journal, during which nothing is received. */
const roomWaitMs = 5;
/** Strangers that one line of the log stands for. */
const strangersPerLine = 1_000;

const EAGAIN = -11;
const EPOLLOUT = 4;
const listenerKey = 1;
const firstConnectionKey = 16;

export interface BrokerServerParts {
  readonly socket: number;
  readonly admission: Admission;
  readonly runner: RequestRunner;
  readonly threads: Threads;
  readonly policy: () => CompiledPolicyData;
  readonly logger: Logger;
}

/** Serves the clients of one socket, in turn. All of it is on one thread, which has the one capability. */
export class BrokerServer {
  private readonly epoll = new EpollSet(readyAtOnce);
  private readonly connections = new Map<number, Connection>();
  private readonly received = createReceivedMessage();
  private readonly incoming = allocate(maximumPacketBytes);
  private readonly sweeper: NodeJS.Timeout;
  private watch: Watch | undefined;
  private nextKey = firstConnectionKey;
  private strangers = 0;
  private stopped = false;

  constructor(private readonly parts: BrokerServerParts) {
    this.epoll.add(parts.socket, listenerKey);
    this.listen();
    this.sweeper = setInterval(() => this.sweep(), sweepMs);
    this.sweeper.unref();
  }

  get count(): number {
    return this.connections.size;
  }

  /** Ends all connections; clients see the end of theirs, and may find a successor at the same path. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.sweeper);
    this.watch?.stop();
    for (const connection of [...this.connections.values()]) this.end(connection);
    this.epoll.close();
  }

  private listen(): void {
    this.watch = watchReadable(this.epoll.descriptor, () => this.turn());
  }

  private turn(): void {
    if (this.stopped) return;
    const ready = this.epoll.wait(0);
    for (let index = 0; index < ready; index++) {
      const [key, events] = [this.epoll.key(index), this.epoll.ready(index)];
      if (key === listenerKey) this.accept();
      else if (!this.serve(key, events)) return;
    }
  }

  private accept(): void {
    for (let count = 0; count < acceptedAtOnce; count++) {
      const descriptor = acceptConnection(this.parts.socket);
      if (descriptor < 0) return;
      this.welcome(descriptor);
    }
  }

  private welcome(descriptor: number): void {
    const { admission, policy, logger } = this.parts;
    const key = this.nextKey++;
    if (this.connections.size >= connectionLimit) {
      return this.turnAway(descriptor, 'crowded', `there are ${connectionLimit} connections`);
    }
    const listener = loopListener(this.parts.runner.listenerKey, descriptor);
    const [present] = this.connections.values();
    const peer = admission.admit(descriptor, listener, present?.peer.cgroup);
    if (typeof peer === 'string') return this.turnAway(descriptor, 'stranger', peer);
    const connection = new Connection(key, descriptor, peer, performance.now(), listener, policy);
    this.connections.set(key, connection);
    this.epoll.add(descriptor, key);
    logger.debug({ processId: peer.processId, connections: this.connections.size }, 'a client connected');
  }

  private turnAway(descriptor: number, fault: BrokerFaultName, text: string): void {
    sendFault(descriptor, fault, 0, text);
    systemCall('close', descriptor);
    // A flood of them must not become one of the log.
    if (this.strangers++ % strangersPerLine === 0) {
      this.parts.logger.warn({ fault, turnedAway: this.strangers }, `a connection was refused: ${text}`);
    }
  }

  /** False when nothing can be served until the journal has room. */
  private serve(key: number, events: number): boolean {
    const connection = this.connections.get(key);
    if (connection === undefined) return true;
    if (connection.isPaused && (events & EPOLLOUT) !== 0) this.pause(connection, false);
    if ((events & EPOLLIN) === 0) {
      if ((events & (EPOLLHUP | EPOLLERR)) !== 0) this.end(connection);
      return true;
    }
    if (!connection.hasRoom) {
      this.pause(connection, true);
      return true;
    }
    if (!this.parts.runner.hasRoom()) {
      this.waitForRoom();
      return false;
    }
    this.receive(connection);
    if (!connection.answers.isOpen) this.end(connection);
    return true;
  }

  private pause(connection: Connection, isPaused: boolean): void {
    connection.isPaused = isPaused;
    this.epoll.modify(connection.descriptor, connection.key, isPaused ? EPOLLOUT : EPOLLIN);
  }

  private waitForRoom(): void {
    this.watch?.stop();
    this.watch = undefined;
    setTimeout(() => {
      if (!this.stopped) this.listen();
    }, roomWaitMs);
  }

  private receive(connection: Connection): void {
    const { received, incoming } = this;
    const capacity = maximumPacketBytes;
    const count = receiveWithDescriptors(connection.descriptor, incoming.address, capacity, received);
    if (count === EAGAIN) return;
    const descriptors = Array.from(received.descriptors.subarray(0, count < 0 ? 0 : received.count));
    try {
      if (count <= 0) connection.answers.isOpen = false;
      else this.take(connection, incoming.u8.slice(0, count), descriptors);
    } finally {
      // Whatever came is the broker's to close, also what nobody asked for.
      for (const descriptor of descriptors) systemCall('close', descriptor);
    }
  }

  private take(connection: Connection, bytes: Uint8Array, descriptors: readonly number[]): void {
    const { truncated: isTruncated } = this.received;
    const packet = { bytes, isTruncated, descriptors: descriptors.length };
    const judged = judgePacket(packet, connection.hasGreeted);
    if (judged.kind === 'fault') return this.fault(connection, judged.fault, judged.id, judged.text);
    if (judged.kind === 'call')
      return this.parts.runner.run(connection, judged.call, descriptors[0] as number);
    connection.hasGreeted = true;
    connection.transmit(judged.answer, []);
  }

  private fault(connection: Connection, name: BrokerFaultName, id: number, text: string): void {
    sendFault(connection.descriptor, name, id, text);
    connection.answers.isOpen = false;
    this.parts.logger.debug({ processId: connection.peer.processId, fault: name }, text);
  }

  private end(connection: Connection): void {
    this.connections.delete(connection.key);
    this.epoll.remove(connection.descriptor);
    this.parts.threads.forgetAll(connection.listener);
    connection.close();
  }

  /** Lets go of those who never said hello. */
  private sweep(): void {
    const before = performance.now() - greetingMs;
    for (const connection of [...this.connections.values()]) {
      if (connection.hasGreeted || connection.sinceMs > before) continue;
      sendFault(connection.descriptor, 'order', 0, 'no hello came');
      this.end(connection);
    }
  }
}
