import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../../../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { connectSequenced } from '../../../../adapters/linux/sequenced-sockets.js';
import { decodeAnswer, encodeRequest } from '../../../../core/broker/messages.js';
import { until } from '../../takeover/support/agent-tree.js';
import { asUser, targetId } from './broker-process.js';

const EAGAIN = -11;
const ECONNRESET = -104;
const bytesMax = 65_536;
const memory = allocate(2 * bytesMax);

/** A client without manners: it sends any bytes with any descriptors, and need not read. */
export class RawClient {
  private constructor(readonly socket: number) {}

  /** Connects as a user: a client, or the errno (negative). */
  static connect(path: string, user = targetId): RawClient | number {
    const socket = asUser(user, () => connectSequenced(path));
    return socket < 0 ? socket : new RawClient(socket);
  }

  /** Connects as the target, and has said hello. */
  static async greet(path: string): Promise<RawClient> {
    const client = RawClient.connect(path);
    if (typeof client === 'number') throw new Error(`connect: ${client}`);
    client.send(encodeRequest({ type: 'hello', id: 0, lowest: 1, highest: 1 }));
    expectHello(await client.receive());
    return client;
  }

  /** Bytes sent, or minus an errno. Never waits. */
  send(packet: Uint8Array, descriptors: readonly number[] = []): number {
    memory.u8.set(packet);
    return sendWithDescriptors(this.socket, memory.address, packet.length, descriptors);
  }

  /** The next packet; undefined at the end of the connection. */
  async receive(): Promise<{ packet: Uint8Array; answer: unknown; descriptors: number[] } | undefined> {
    const received = createReceivedMessage();
    let count = EAGAIN;
    await until(() => {
      count = receiveWithDescriptors(this.socket, memory.address + bytesMax, 512, received);
      // ECONNRESET tells once that something was not read at the other end; what was sent is there still.
      return count !== EAGAIN && count !== ECONNRESET;
    }, 'an answer');
    if (count <= 0) return undefined;
    const packet = memory.u8.slice(bytesMax, bytesMax + count);
    const descriptors = Array.from(received.descriptors.subarray(0, received.count));
    return { packet, answer: decodeAnswer(packet), descriptors };
  }

  close(): void {
    systemCall('close', this.socket);
  }
}

function expectHello(received: { answer: unknown } | undefined): void {
  const { type } = (received?.answer ?? {}) as { type?: string };
  if (type !== 'hello') throw new Error(`no hello: ${JSON.stringify(received?.answer)}`);
}
