import { isAbsolute } from 'node:path';
import { type BrokerAnswer, type BrokerCall, encodeRequest } from '../../core/broker/messages.js';
import { brokerFaults } from '../../core/broker/packets.js';
import { deputyError } from '../../core/errors/deputy-error.js';
import { type ErrnoName, errnoText } from '../../core/errors/errno.js';
import { type RefusalCode, refusalCodeById } from '../../core/errors/refusals.js';
import { maximumHandleBytes } from '../../core/request/record-layout.js';
import { systemCall } from '../linux/native.js';
import { ClientConnection } from './client-connection.js';

/** How long a request waits for its answer, the broker's being started again included. */
const defaultPatienceMs = 10_000;
/** Between two tries to connect, and before what found no room in the socket is sent again. */
const retryMs = 20;
/** Requests that a client keeps; more are a mistake of whoever asks without waiting. */
const pendingLimit = 4_096;

const O_TRUNC = 0o1000;
const O_PATH = 0o10000000;
const F_DUPFD_CLOEXEC = 1030;
const EBADF = -9;

/** What the kernel or the broker's policy said no with: a value, not an exception. */
export interface BrokerErrno {
  readonly errno: ErrnoName | string;
  readonly number: number;
  /** Why the policy said no; absent where it is the kernel's own error. */
  readonly reason?: RefusalCode;
  /** With EOVERFLOW: the room that the handle takes. */
  readonly neededBytes?: number;
}

/** A file's handle, to be kept as it is: its bytes carry a seal. */
export interface FileHandle {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface NamedFile {
  readonly handle: FileHandle;
  readonly mountId: bigint;
  readonly errno?: never;
}

export interface OpenedFile {
  /** Closed on exec; the caller's to close. */
  readonly descriptor: number;
  readonly errno?: never;
}

export interface BrokerClientOptions {
  /** The socket's path; absolute. */
  readonly path: string;
  readonly patienceMs?: number;
}

interface Pending {
  readonly call: BrokerCall;
  readonly packet: Uint8Array;
  /** A copy of the caller's, so that the request can be sent again whatever became of that. */
  readonly descriptor: number;
  readonly timer: NodeJS.Timeout;
  wasSent: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Answer {
  readonly answer: Exclude<BrokerAnswer, { type: 'hello' | 'fault' }>;
  readonly descriptor: number;
}

/**
 * A client of a broker. It connects with its first request, and again when the connection is lost; what was
 * not answered is then sent again, since neither call has an effect that twice would be more than once. The
 * exception is O_TRUNC: such an open is rejected with DEPUTY_E_BROKER_UNCERTAIN.
 */
export class BrokerClient {
  private readonly pending = new Map<number, Pending>();
  private connection: ClientConnection | undefined;
  private inFlightLimit = 0;
  private lastId = 0;
  private retry: NodeJS.Timeout | undefined;
  private lastErrno = 0;
  private isClosed = false;

  constructor(private readonly options: BrokerClientOptions) {
    if (isAbsolute(options.path)) return;
    const detail = 'it is not an absolute path';
    throw deputyError('DEPUTY_E_BROKER_SOCKET', { path: options.path, detail });
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.pending.size;
  }

  /**
   * name_to_handle_at(2) with AT_EMPTY_PATH: the handle of the file that a descriptor (O_PATH will do) is
   * open on. `room`: bytes that the caller has for it. Throws DEPUTY_E_BROKER_UNREACHABLE, _REFUSED.
   */
  async nameToHandle(
    descriptor: number,
    { room = maximumHandleBytes, unique = false }: { readonly room?: number; readonly unique?: boolean } = {},
  ): Promise<NamedFile | BrokerErrno> {
    const call = { type: 'name_to_handle_at', id: this.nextId(), flags: unique ? 1 : 0, room } as const;
    const { answer } = await this.ask(call, descriptor);
    if (answer.type !== 'name_to_handle_at') throw this.refused('an answer to another call');
    if (answer.result < 0) return errnoOf(answer);
    const { handle: bytes, handleType: type, mountId } = answer;
    return { handle: { type, bytes }, mountId };
  }

  /**
   * open_by_handle_at(2): `mount` is any descriptor on the mount that the handle was taken on. Throws
   * DEPUTY_E_BROKER_UNREACHABLE, _REFUSED, _UNCERTAIN.
   */
  async openByHandle(mount: number, handle: FileHandle, flags: number): Promise<OpenedFile | BrokerErrno> {
    const { type: handleType, bytes } = handle;
    const call = {
      type: 'open_by_handle_at',
      id: this.nextId(),
      flags: flags | 0,
      handleType,
      handle: bytes,
    } as const;
    const { answer, descriptor } = await this.ask(call, mount);
    if (answer.result >= 0) return descriptor >= 0 ? { descriptor } : fullTable;
    if (descriptor >= 0) systemCall('close', descriptor);
    return errnoOf(answer);
  }

  /** Ends the connection; requests that wait are rejected. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.connection?.close();
    this.connection = undefined;
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(this.refused('the client was closed'));
  }

  private nextId(): number {
    do this.lastId = (this.lastId + 1) >>> 0;
    while (this.lastId === 0 || this.pending.has(this.lastId));
    return this.lastId;
  }

  private ask(call: BrokerCall, descriptor: number): Promise<Answer> {
    if (this.isClosed) return Promise.reject(this.refused('the client was closed'));
    if (this.pending.size >= pendingLimit) {
      const details = { what: 'requests of one client', limit: pendingLimit };
      return Promise.reject(deputyError('DEPUTY_E_LIMIT_REACHED', details));
    }
    const copy = systemCall('fcntl', descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return Promise.resolve(withoutDescriptor(call, copy === EBADF ? EBADF : copy));
    return new Promise((resolve, reject) => {
      const patienceMs = this.options.patienceMs ?? defaultPatienceMs;
      const timer = setTimeout(() => this.giveUp(call.id), patienceMs);
      const packet = encodeRequest(call);
      this.pending.set(call.id, { call, packet, descriptor: copy, timer, wasSent: false, resolve, reject });
      this.pump();
    });
  }

  /** Sends what was not sent, as far as the broker takes it. */
  private pump(): void {
    if (this.isClosed || this.pending.size === 0) return;
    if (this.connection === undefined) return this.connect();
    if (this.inFlightLimit === 0) return;
    let inFlight = 0;
    for (const one of this.pending.values()) {
      if (++inFlight > this.inFlightLimit) return;
      if (one.wasSent) continue;
      if (!this.connection.send(one.packet, one.descriptor)) return this.pumpLater();
      one.wasSent = true;
    }
  }

  private pumpLater(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.pump(), retryMs);
  }

  private connect(): void {
    const opened = ClientConnection.open(this.options.path, {
      ready: (inFlight) => {
        this.inFlightLimit = Math.max(inFlight, 1);
        this.pump();
      },
      answered: (answer, descriptor) => this.take(answer, descriptor),
      ended: () => this.lost(),
    });
    if (typeof opened === 'number') {
      this.lastErrno = -opened;
      this.pumpLater();
    } else this.connection = opened;
  }

  private take(answer: Exclude<BrokerAnswer, { type: 'hello' }>, descriptor: number): void {
    const found = answer.type === 'fault' ? undefined : this.settle(answer.id);
    if (found !== undefined && answer.type !== 'fault') {
      found.resolve({ answer, descriptor });
      return this.pump();
    }
    // Of a request that was given up, or no request's: nobody waits for the descriptor.
    if (descriptor >= 0) systemCall('close', descriptor);
    if (answer.type === 'fault' && answer.fault !== brokerFaults.crowded.number) this.fail(answer.text);
  }

  /** The broker will not serve this client: asking again would change nothing. */
  private fail(text: string): void {
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(this.refused(text));
  }

  /** The connection ended: what was sent and not answered is for the next one. */
  private lost(): void {
    this.connection = undefined;
    this.inFlightLimit = 0;
    for (const [id, one] of [...this.pending]) {
      if (one.wasSent && truncates(one.call)) {
        this.settle(id)?.reject(deputyError('DEPUTY_E_BROKER_UNCERTAIN', { path: this.options.path }));
      }
      one.wasSent = false;
    }
    this.pumpLater();
  }

  private giveUp(id: number): void {
    const { path, patienceMs: waitedMs = defaultPatienceMs } = this.options;
    const detail = this.lastErrno === 0 ? 'it did not answer' : `connect: ${errnoText(this.lastErrno)}`;
    this.settle(id)?.reject(deputyError('DEPUTY_E_BROKER_UNREACHABLE', { path, waitedMs, detail }));
  }

  private settle(id: number): Pending | undefined {
    const found = this.pending.get(id);
    if (found === undefined) return undefined;
    this.pending.delete(id);
    clearTimeout(found.timer);
    systemCall('close', found.descriptor);
    return found;
  }

  private refused(detail: string): Error {
    return deputyError('DEPUTY_E_BROKER_REFUSED', { path: this.options.path, detail });
  }
}

/** A client of the broker at a path; nothing is connected before the first request. */
export function connectBroker(options: BrokerClientOptions): BrokerClient {
  return new BrokerClient(options);
}

/** The kernel drops a descriptor that it has no number for, and says so by MSG_CTRUNC alone (unix(7)). */
const fullTable: BrokerErrno = { errno: 'EMFILE', number: 24 };

function truncates(call: BrokerCall): boolean {
  return call.type === 'open_by_handle_at' && (call.flags & (O_TRUNC | O_PATH)) === O_TRUNC;
}

/** As the kernel would have it for a number that is no descriptor. */
function withoutDescriptor({ type, id }: BrokerCall, result: number): Answer {
  if (type === 'open_by_handle_at') return { answer: { type, id, result, reason: 0 }, descriptor: -1 };
  const none = { mountId: 0n, neededBytes: 0, handleType: 0, handle: new Uint8Array() };
  return { answer: { type, id, result, reason: 0, ...none }, descriptor: -1 };
}

function errnoOf(answer: Answer['answer']): BrokerErrno {
  const number = -answer.result;
  const reason = refusalCodeById(answer.reason);
  const needed = answer.type === 'name_to_handle_at' ? answer.neededBytes : 0;
  return {
    errno: errnoText(number),
    number,
    ...(reason === undefined ? {} : { reason }),
    ...(needed === 0 ? {} : { neededBytes: needed }),
  };
}
