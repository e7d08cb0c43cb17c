import { type BrokerAnswer, decodeAnswer, encodeRequest } from '../../core/broker/messages.js';
import { brokerVersion, maximumPacketBytes, requestsInFlight } from '../../core/broker/packets.js';
import { createReceivedMessage, receiveWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { connectSequenced } from '../linux/sequenced-sockets.js';
import { sendPacket } from './connection.js';

const EAGAIN = -11;
const ECONNRESET = -104;
const helloId = 0;

export interface ClientConnectionHooks {
  /** The broker has said hello: so many requests it may be sent before one is answered. */
  ready(inFlight: number): void;
  /** An answer, and the descriptor that came with it (-1: none), which is the hearer's to close. */
  answered(answer: Exclude<BrokerAnswer, { type: 'hello' }>, descriptor: number): void;
  /** The connection is over; it has been closed. */
  ended(): void;
}

let incoming: NativeMemory | undefined;

/** One connection to a broker, from its hello to its end. */
export class ClientConnection {
  private readonly received = createReceivedMessage();
  private readonly watch: Watch;
  private isOpen = true;

  private constructor(
    private readonly descriptor: number,
    private readonly hooks: ClientConnectionHooks,
  ) {
    this.watch = watchReadable(descriptor, () => this.read());
    const request = { type: 'hello', id: helloId, lowest: brokerVersion, highest: brokerVersion } as const;
    // Where that fails the broker has closed already: what it said before is there to be read.
    sendPacket(descriptor, encodeRequest(request), []);
  }

  /** Connects, or says with which errno (negative) that failed. */
  static open(path: string, hooks: ClientConnectionHooks): ClientConnection | number {
    const descriptor = connectSequenced(path);
    return descriptor < 0 ? descriptor : new ClientConnection(descriptor, hooks);
  }

  /** False when there is no room, or nobody there any more: which of these, ended() tells. */
  send(packet: Uint8Array, descriptor: number): boolean {
    return this.isOpen && sendPacket(this.descriptor, packet, [descriptor]);
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.watch.stop();
    systemCall('close', this.descriptor);
  }

  private end(): void {
    if (!this.isOpen) return;
    this.close();
    // Not within whatever found it out: that may be in the middle of its own list.
    setImmediate(() => this.hooks.ended());
  }

  private read(): void {
    // As many as there can be in one go; the rest comes in the next turn.
    for (let count = 0; count < requestsInFlight && this.isOpen; count++) {
      incoming ??= allocate(maximumPacketBytes);
      const { address } = incoming;
      const bytes = receiveWithDescriptors(this.descriptor, address, maximumPacketBytes, this.received);
      if (bytes === EAGAIN) return;
      // Said once, when the broker died with requests unread; the answers that it gave are there still.
      if (bytes === ECONNRESET) continue;
      const descriptors = Array.from(this.received.descriptors.subarray(0, Math.max(this.received.count, 0)));
      const answer = bytes > 0 ? decodeAnswer(incoming.u8.slice(0, bytes)) : undefined;
      const [own = -1, ...rest] = bytes > 0 ? descriptors : [];
      for (const one of rest) systemCall('close', one);
      if (answer === undefined || answer.type === 'hello') {
        if (own >= 0) systemCall('close', own);
        if (answer === undefined) return this.end();
        this.hooks.ready(answer.inFlight);
      } else this.hooks.answered(answer, own);
    }
  }
}
