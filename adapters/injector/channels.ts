import type { InjectionEngine } from '../../core/injector/engine.js';
import { type Injection, place, type ReplyChannel } from '../../core/injector/injection.js';
import {
  beginPacket,
  largestPacketBytes,
  packetBytes,
  packetField,
  packetMagic,
  packetType,
  requestField,
  requestFlag,
} from '../../core/injector/protocol.js';
import { decodeReissue } from '../../core/injector/reissue-protocol.js';
import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';

const maximumLoops = 64;
/** Queries that may wait for their answer; more stay in their channels. */
const maximumQueries = 1024;
/** Packets that are read from one channel before a query is answered: more than a socket's buffer holds. */
const maximumDrained = 1024;
const POLLIN = 1;
const EAGAIN = -11;
const EINTR = -4;

/** The injector's ends of its sockets: one control channel, and one channel for each hot loop. */
export class InjectorChannels {
  private readonly loops: ReplyChannel[] = [];
  private readonly received = createReceivedMessage();
  private readonly polled: NativeMemory = allocate(4096);
  private readonly packet: NativeMemory = allocate(4096);
  /** Queries that are not answered yet. */
  private queries: Injection[] = [];
  private controlOpen = true;

  constructor(
    private readonly control: number,
    private readonly engine: InjectionEngine,
  ) {}

  get isControlOpen(): boolean {
    return this.controlOpen;
  }

  /**
   * Waits until there is something to read, at most `timeoutMs` (-1: for ever), and serves each channel once.
   */
  serve(timeoutMs: number): void {
    const ready = this.poll(this.queries.length > 0 ? 0 : timeoutMs);
    if (ready > 0) {
      const loops = [...this.loops];
      if (this.isReady(0)) this.readControl();
      loops.forEach((loop, index) => {
        if (this.isReady(index + 1) && this.controlOpen) this.readLoop(loop);
      });
    }
    if (this.queries.length > 0) this.answerQueries();
  }

  /**
   * Requests that a dead supervisor had sent may still wait in its channel. So that 'unknown' is true, all
   * that waits anywhere is done first; queries that come to light by that are answered in the next round.
   */
  private answerQueries(): void {
    const asked = this.queries;
    this.queries = [];
    for (const loop of [...this.loops]) {
      for (let count = 0; count < maximumDrained && this.readLoop(loop); count++);
    }
    for (const query of asked) this.engine.tell(query);
  }

  private poll(timeoutMs: number): number {
    const count = this.controlOpen ? this.loops.length + 1 : 0;
    const words = this.polled.i32;
    for (let index = 0; index < count; index++) {
      words[index * 2] = index === 0 ? this.control : (this.loops[index - 1] as ReplyChannel).descriptor;
      words[index * 2 + 1] = POLLIN;
    }
    const timeoutAt = 2048;
    this.polled.u64[timeoutAt >> 3] = BigInt(Math.floor(Math.max(timeoutMs, 0) / 1000));
    this.polled.u64[(timeoutAt >> 3) + 1] = BigInt((Math.max(timeoutMs, 0) % 1000) * 1_000_000);
    const timeout = timeoutMs < 0 ? 0 : this.polled.address + timeoutAt;
    return systemCall('ppoll', this.polled.address, count, timeout, 0, 0);
  }

  private isReady(index: number): boolean {
    return this.polled.u16[index * 4 + 3] !== 0;
  }

  private readControl(): void {
    const { packet, received } = this;
    const length = receiveWithDescriptors(this.control, packet.address, largestPacketBytes, received);
    if (length === EAGAIN || length === EINTR) return;
    if (length <= 0) {
      this.controlOpen = false;
      return;
    }
    const type = packet.u32[packetField.type >> 2] as number;
    const isPacket = packet.u32[0] === packetMagic && length === packetBytes.control;
    if (isPacket && type === packetType.newLoop && received.count === 1 && this.loops.length < maximumLoops) {
      this.loops.push({ descriptor: received.descriptors[0] as number });
      return;
    }
    this.closeReceived();
    if (isPacket && type === packetType.ping) {
      sendControl(this.control, packetType.pong, packet.u32[packetField.token >> 2] as number);
    }
  }

  /** Reads and serves one packet: false when there is none, or the channel is closed. */
  private readLoop(loop: ReplyChannel): boolean {
    if (this.queries.length >= maximumQueries) return false;
    const injection = this.engine.take();
    const { received } = this;
    const address = injection.at(place.request);
    const length = receiveWithDescriptors(loop.descriptor, address, largestPacketBytes, received);
    const isNothing = length === EAGAIN || length === EINTR;
    if (!isNothing && this.serveRequest(loop, injection, length)) return true;
    this.engine.giveBack(injection);
    if (isNothing) return false;
    // The end of the channel, or someone who doesn't speak the protocol: both lose the channel, nothing else.
    this.closeReceived();
    this.closeLoop(loop);
    return false;
  }

  private serveRequest(loop: ReplyChannel, injection: Injection, length: number): boolean {
    const { u32 } = injection.memory;
    const { descriptors, count } = this.received;
    const isPacket = length >= 12 && u32[0] === packetMagic;
    if (isPacket && u32[packetField.type >> 2] === packetType.reissue) {
      return this.serveReissue(loop, injection, length);
    }
    const isRequest = isPacket && u32[packetField.type >> 2] === packetType.request;
    if (!isRequest || length !== packetBytes.request) return false;
    if (((u32[requestField.flags >> 2] as number) & requestFlag.query) !== 0) {
      this.closeReceived();
      injection.begin(loop, -1, -1);
      this.queries.push(injection);
      return true;
    }
    if (count !== 2) return false;
    injection.begin(loop, descriptors[0] as number, descriptors[1] as number);
    this.engine.run(injection);
    return true;
  }

  private serveReissue(loop: ReplyChannel, holder: Injection, length: number): boolean {
    const { u32 } = holder.memory;
    const request = decodeReissue({ words: u32, at: place.request }, length);
    if (request === undefined || this.received.count !== 1) return false;
    const token = u32[packetField.token >> 2] as number;
    holder.begin(loop, this.received.descriptors[0] as number, -1);
    holder.askers.length = 0;
    holder.isRemembered = false;
    this.engine.reissue(holder, request, loop, token);
    return true;
  }

  private closeLoop(loop: ReplyChannel): void {
    systemCall('close', loop.descriptor);
    loop.descriptor = -1;
    this.loops.splice(this.loops.indexOf(loop), 1);
  }

  private closeReceived(): void {
    for (let index = 0; index < this.received.count; index++) {
      systemCall('close', this.received.descriptors[index] as number);
    }
    this.received.count = 0;
  }
}

/** Sends a control packet; `fill` writes the fields after the token. */
export function sendControl(
  control: number,
  type: number,
  token: number,
  fill: (words: Int32Array) => void = () => {},
): void {
  const packet = controlPacket();
  beginPacket(packet.u32, 0, packetBytes.control, type, token);
  fill(packet.i32);
  sendWithDescriptors(control, packet.address, packetBytes.control, []);
}

let packetMemory: NativeMemory | undefined;
function controlPacket(): NativeMemory {
  packetMemory ??= allocate(4096);
  return packetMemory;
}
