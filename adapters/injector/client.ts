import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  beginPacket,
  decodeReply,
  encodeRequest,
  helloField,
  type InjectionReply,
  largestPacketBytes,
  type Place,
  packetBytes,
  packetMagic,
  packetType,
  requestFlag,
} from '../../core/injector/protocol.js';
import {
  createReceivedMessage,
  createSocketPair,
  receiveWithDescriptors,
  SOCK_SEQPACKET,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';

const defaultEntry = fileURLToPath(new URL('./main.js', import.meta.url));

/**
 * An injector that was started: its process, and our end of its control channel (not blocking, to be polled).
 */
export interface StartedInjector {
  readonly child: ChildProcess;
  readonly control: number;
}

/** How an injector is started, where it isn't the usual way. */
export interface InjectorStart {
  readonly entry?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** A program and its arguments that execute Node with fewer rights: setpriv(1), say. */
  readonly prefix?: readonly string[];
  /** What createScoreboard() gave: the same for every injector that is started in place of an earlier one. */
  readonly scoreboard?: number;
}

/**
 * Starts an injector process. Its hello arrives on `control` when it is ready. Closing `control` ends it,
 * once what it began is finished. Minus an errno when there are no descriptors left.
 */
export function startInjector(options: InjectorStart = {}): StartedInjector | number {
  const ends = new Int32Array(2);
  const result = createSocketPair(SOCK_SEQPACKET, ends);
  if (result < 0) return result;
  const [program, ...rest] = [...(options.prefix ?? []), process.execPath, options.entry ?? defaultEntry];
  const child = spawn(program as string, rest, {
    stdio: ['ignore', 'inherit', 'inherit', ends[1] as number, options.scoreboard ?? 'ignore'],
    env: {
      ...(options.environment ?? process.env),
      DEPUTY_SCOREBOARD: options.scoreboard === undefined ? '0' : '1',
    },
  });
  systemCall('close', ends[1] as number);
  return { child, control: ends[0] as number };
}

/** What an injector says when it is ready. Errnos are negative, 0 for none. */
export interface InjectorHello {
  readonly processId: number;
  readonly maySuspendFilters: boolean;
  readonly oomErrno: number;
  readonly capabilityErrno: number;
}

/** The supervisor's side of the control channel. */
export class InjectorControl {
  private readonly memory: NativeMemory = allocate(4096);
  private readonly received = createReceivedMessage();

  constructor(readonly descriptor: number) {}

  /** The hello, a pong's token, or minus an errno (-EAGAIN: nothing yet; -EPIPE: the injector has ended). */
  receive(): InjectorHello | { readonly pong: number } | number {
    const { i32, u32, address } = this.memory;
    const length = receiveWithDescriptors(this.descriptor, address, largestPacketBytes, this.received);
    if (length < 0) return length;
    if (length !== packetBytes.control || u32[0] !== packetMagic) return -32;
    if (u32[1] === packetType.pong) return { pong: u32[2] as number };
    return {
      processId: i32[helloField.processId >> 2] as number,
      maySuspendFilters: i32[helloField.maySuspendFilters >> 2] === 1,
      oomErrno: i32[helloField.oomErrno >> 2] as number,
      capabilityErrno: i32[helloField.capabilityErrno >> 2] as number,
    };
  }

  /** Asks for a sign of life: the bytes sent or minus an errno. */
  ping(token: number): number {
    return this.send(packetType.ping, token, []);
  }

  /** Opens a channel for a hot loop: the loop's end (close it yourself), or minus an errno. */
  openLoop(): number {
    const ends = new Int32Array(2);
    const result = createSocketPair(SOCK_SEQPACKET, ends);
    if (result < 0) return result;
    const sent = this.send(packetType.newLoop, 0, [ends[1] as number]);
    systemCall('close', ends[1] as number);
    if (sent >= 0) return ends[0] as number;
    systemCall('close', ends[0] as number);
    return sent;
  }

  private send(type: number, token: number, descriptors: readonly number[]): number {
    beginPacket(this.memory.u32, 0, packetBytes.control, type, token);
    return sendWithDescriptors(this.descriptor, this.memory.address, packetBytes.control, descriptors);
  }
}

/** A hot loop's side of its channel; poll `descriptor` for replies. One packet of memory, reused. */
export class InjectionChannel {
  private readonly memory: NativeMemory = allocate(4096);
  private readonly received = createReceivedMessage();
  private readonly passed: [number, number] = [-1, -1];
  private readonly target: Place;

  constructor(readonly descriptor: number) {
    this.target = { words: this.memory.u32, at: 0 };
  }

  /**
   * Asks for an injection: 248, or minus an errno (-EAGAIN: the injector is behind; -EPIPE: it has ended).
   * `source`, the O_PATH descriptor, may be closed once this returns.
   */
  request(
    token: number,
    flags: number,
    notification: Place,
    handle: Place,
    listener: number,
    source: number,
  ): number {
    encodeRequest(this.target, token, flags, notification, handle);
    this.passed[0] = listener;
    this.passed[1] = source;
    return sendWithDescriptors(this.descriptor, this.memory.address, packetBytes.request, this.passed);
  }

  /**
   * Asks what became of a notification, without anything being done: 248, or minus an errno. `flags` is
   * requestFlag.withdraw to ask about that instead of an injection.
   */
  query(token: number, notification: Place, flags = 0): number {
    encodeRequest(this.target, token, flags | requestFlag.query, notification);
    return sendWithDescriptors(this.descriptor, this.memory.address, packetBytes.request, []);
  }

  /** Takes one reply: 1, or minus an errno (-EAGAIN: none there; -EPIPE: the injector has ended). */
  receive(reply: InjectionReply): number {
    const length = receiveWithDescriptors(
      this.descriptor,
      this.memory.address,
      largestPacketBytes,
      this.received,
    );
    if (length < 0) return length;
    if (length === 0) return -32;
    return decodeReply(this.target, length, reply) ? 1 : -74;
  }
}
