import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';
import { errnoText } from '../../core/errors/errno.js';
import type { Logger } from '../../core/ports/logger.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { acceptConnection, connectUnix, listenUnix, peerCredentials } from '../linux/sockets.js';
import { RuntimeConnection } from './connection.js';
import type { ContainerProcessState } from './container-state.js';

/** Connections open at a time; a runtime holds one for milliseconds. Further ones wait in the backlog. */
const connectionLimit = 128;
const backlog = 512;
/** At the end a runtime that still sends is waited for so long; it does so in milliseconds. */
const handOverWaitMs = 1_000;
const handOverLookMs = 5;
const EADDRINUSE = -98;

export interface AgentSocketOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Users besides root that may hand over listeners; empty by default. */
  readonly allowedUsers?: readonly number[];
  /** A container's listener came; it belongs to whoever is called. */
  readonly onListener: (state: ContainerProcessState, listener: number) => void;
}

/** The socket that `linux.seccomp.listenerPath` of a container's configuration names. */
export class AgentSocket {
  private readonly connections = new Set<RuntimeConnection>();
  private readonly watch: Watch;
  private full = false;
  private accepts = true;

  private constructor(
    private readonly options: AgentSocketOptions,
    private readonly socket: number,
    private readonly inode: number,
  ) {
    this.watch = watchReadable(socket, () => this.accept());
  }

  /** Binds and listens, 0600. Throws DEPUTY_E_SOCKET_IN_USE or DEPUTY_E_SOCKET_UNUSABLE. */
  static open(options: AgentSocketOptions): AgentSocket {
    const { path } = options;
    const mask = process.umask(0o177);
    let socket: number;
    try {
      socket = listenUnix(path, backlog);
      if (socket === EADDRINUSE && removeStale(path)) socket = listenUnix(path, backlog);
    } finally {
      process.umask(mask);
    }
    if (socket === EADDRINUSE) throw deputyError('DEPUTY_E_SOCKET_IN_USE', { path });
    if (socket < 0) throw deputyError('DEPUTY_E_SOCKET_UNUSABLE', { path, detail: errnoText(-socket) });
    chmodSync(path, 0o600);
    return new AgentSocket(options, socket, lstatSync(path).ino);
  }

  /**
   * Goes on with a socket that an earlier process had bound, if its file is still there; else undefined, and
   * the descriptor is closed.
   */
  static adopt(options: AgentSocketOptions, socket: number): AgentSocket | undefined {
    try {
      if (lstatSync(options.path).isSocket()) {
        return new AgentSocket(options, socket, lstatSync(options.path).ino);
      }
    } catch {
      // Nobody could connect to it any more.
    }
    systemCall('close', socket);
    return undefined;
  }

  get descriptor(): number {
    return this.socket;
  }

  /** Stops accepting. The file is removed if it is still ours. */
  close(): void {
    this.end();
    try {
      if (lstatSync(this.options.path).ino === this.inode) unlinkSync(this.options.path);
    } catch {
      // Somebody else removed it; nothing is left to do.
    }
  }

  /**
   * Leaves accepting to a successor, who has the socket too. Who was accepted can't connect once more: a
   * runtime believes that its listener has arrived, so what it still sends is read.
   */
  async handOver(): Promise<void> {
    this.watch.stop();
    this.accepts = false;
    for (
      let waitedMs = 0;
      this.connections.size > 0 && waitedMs < handOverWaitMs;
      waitedMs += handOverLookMs
    ) {
      await new Promise((resolve) => setTimeout(resolve, handOverLookMs));
    }
    this.end();
  }

  private end(): void {
    this.accepts = false;
    this.watch.stop();
    systemCall('close', this.socket);
    for (const connection of [...this.connections]) connection.abort();
  }

  private accept(): void {
    while (this.accepts) {
      if (this.connections.size >= connectionLimit) {
        this.full = true;
        return;
      }
      const connection = acceptConnection(this.socket);
      if (connection < 0) return;
      this.receive(connection);
    }
  }

  private receive(socket: number): void {
    const peer = peerCredentials(socket);
    const { allowedUsers = [], logger } = this.options;
    const allowed = typeof peer !== 'number' && (peer.uid === 0 || allowedUsers.includes(peer.uid));
    if (!allowed) {
      systemCall('close', socket);
      const { uid, pid } = typeof peer === 'number' ? { uid: 'unknown', pid: 'unknown' } : peer;
      this.refuse(deputyError('DEPUTY_E_PEER_REFUSED', { uid, pid }));
      return;
    }
    const connection = new RuntimeConnection(socket, (outcome) => {
      this.connections.delete(connection);
      if ('error' in outcome) this.refuse(outcome.error);
      else this.options.onListener(outcome.state, outcome.listener);
      if (this.full) {
        this.full = false;
        setImmediate(() => this.accept());
      }
    });
    this.connections.add(connection);
    logger.debug({ pid: peer.pid }, 'a runtime connected');
  }

  private refuse(error: DeputyError): void {
    this.options.logger.warn({ err: error, code: error.code }, error.message);
  }
}

/** A socket file that nobody listens on any more is removed; anything else is left alone. */
function removeStale(path: string): boolean {
  try {
    if (!lstatSync(path).isSocket()) return false;
  } catch {
    return true;
  }
  const probe = connectUnix(path);
  if (probe >= 0) {
    systemCall('close', probe);
    return false;
  }
  unlinkSync(path);
  return true;
}
