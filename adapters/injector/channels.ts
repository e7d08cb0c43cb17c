import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import type { InjectionEngine } from './engine.js';
import { place, type ReplyChannel } from './injection.js';
import {
  beginPacket,
  largestPacketBytes,
  packetBytes,
  packetField,
  packetMagic,
  packetType,
} from './protocol.js';

const maximumLoops = 64;
const POLLIN = 1;
const EAGAIN = -11;
const EINTR = -4;

/** The injector's ends of its sockets: one control channel, and one channel for each hot loop. */
export class InjectorChannels {
  private readonly loops: ReplyChannel[] = [];
  private readonly received = createReceivedMessage();
  private readonly polled: NativeMemory = allocate(4096);
  private readonly packet: NativeMemory = allocate(4096);
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
    const ready = this.poll(timeoutMs);
    if (ready <= 0) return;
    const loops = [...this.loops];
    if (this.isReady(0)) this.readControl();
    loops.forEach((loop, index) => {
      if (this.isReady(index + 1) && this.controlOpen) this.readLoop(loop);
    });
  }

  /** Sends a control packet; `fill` writes the fields after the token. */
  sendControl(type: number, token: number, fill: (words: Int32Array) => void = () => {}): void {
    beginPacket(this.packet.u32, 0, packetBytes.control, type, token);
    fill(this.packet.i32);
    sendWithDescriptors(this.control, this.packet.address, packetBytes.control, []);
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
      this.sendControl(packetType.pong, packet.u32[packetField.token >> 2] as number);
    }
  }

  private readLoop(loop: ReplyChannel): void {
    const injection = this.engine.take();
    const { received } = this;
    const address = injection.at(place.request);
    const length = receiveWithDescriptors(loop.descriptor, address, largestPacketBytes, received);
    if (length === EAGAIN || length === EINTR) {
      this.engine.giveBack(injection);
      return;
    }
    const { u32 } = injection.memory;
    const isRequest =
      length === packetBytes.request &&
      u32[0] === packetMagic &&
      u32[packetField.type >> 2] === packetType.request &&
      received.count === 2;
    if (!isRequest) {
      // The end of the channel, or someone who doesn't speak the protocol: both lose the channel, nothing
      // else.
      this.closeReceived();
      this.engine.giveBack(injection);
      this.closeLoop(loop);
      return;
    }
    injection.begin(loop, received.descriptors[0] as number, received.descriptors[1] as number);
    this.engine.run(injection);
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
