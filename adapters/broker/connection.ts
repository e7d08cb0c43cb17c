import { type BrokerAnswer, encodeAnswer, encodeFault } from '../../core/broker/messages.js';
import { type BrokerFaultName, maximumPacketBytes } from '../../core/broker/packets.js';
import type { ServedState } from '../../core/serving/served-state.js';
import type { CompiledPolicyData } from '../../core/serving/transfer-policy.js';
import { sendWithDescriptors } from '../linux/descriptor-passing.js';
import { allocate, type NativeMemory } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import type { LoopListener } from '../linux/request-kernel/loop-listener.js';
import { sendBufferBytes, unreadBytes } from '../linux/sequenced-sockets.js';
import { CallAnswers, type Peer } from './call-answers.js';

let outgoing: NativeMemory | undefined;

/** Sends one packet: true when the kernel took all of it. Never waits. */
export function sendPacket(socket: number, packet: Uint8Array, descriptors: readonly number[]): boolean {
  outgoing ??= allocate(maximumPacketBytes);
  outgoing.u8.set(packet);
  return sendWithDescriptors(socket, outgoing.address, packet.length, descriptors) === packet.length;
}

/** Says why a connection ends; whether that still arrives is not waited for. */
export function sendFault(socket: number, name: BrokerFaultName, id: number, text: string): void {
  sendPacket(socket, encodeFault(name, id, text), []);
}

/** A listener as records know it, with the way its answers go. */
export interface BrokerListener extends LoopListener {
  readonly answers: CallAnswers;
}

/** One client. Its requests are served one at a time, in the order in which they came. */
export class Connection {
  hasGreeted = false;
  /** It has not read what it was answered: nothing more is taken from it until it does. */
  isPaused = false;
  readonly answers: CallAnswers;
  readonly listener: BrokerListener;
  readonly served: ServedState;
  private readonly roomBytes: number;

  constructor(
    readonly key: number,
    readonly descriptor: number,
    readonly peer: Peer,
    readonly sinceMs: number,
    listener: LoopListener,
    policy: () => CompiledPolicyData,
  ) {
    const transmit = (answer: BrokerAnswer, descriptors: readonly number[]): boolean =>
      this.transmit(answer, descriptors);
    this.answers = new CallAnswers(peer, policy, transmit);
    this.listener = { ...listener, answers: this.answers };
    // The policy may be another one from one request to the next.
    this.served = {
      listener: this.listener,
      get policy() {
        return policy();
      },
      leaving: false,
      former: [],
      reissued: new Set(),
    };
    // As epoll has it: writable again once three quarters are free.
    this.roomBytes = Math.max(sendBufferBytes(descriptor), 0) >> 2;
  }

  /** Does it have room for a further answer? */
  get hasRoom(): boolean {
    return unreadBytes(this.descriptor) <= this.roomBytes;
  }

  /** False when it can't be sent; it is then closed by whoever serves it. */
  transmit(answer: BrokerAnswer, descriptors: readonly number[]): boolean {
    const sent = sendPacket(this.descriptor, encodeAnswer(answer), descriptors);
    if (!sent) this.answers.isOpen = false;
    return sent;
  }

  close(): void {
    this.answers.isOpen = false;
    systemCall('close', this.descriptor);
    systemCall('close', this.peer.pidfd);
  }
}
