import {
  createReceivedMessage,
  receiveWithDescriptors,
  sendWithDescriptors,
} from '../../../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../../../adapters/linux/memory.js';
import { systemCall } from '../../../../adapters/linux/native.js';
import { listenSequenced } from '../../../../adapters/linux/sequenced-sockets.js';
import { acceptConnection, peerCredentials } from '../../../../adapters/linux/sockets.js';
import { type Hello, helloBytes, readHello, writeWord } from '../../../../adapters/notifier/packets.js';
import { asUser } from '../../broker/support/broker-process.js';
import { until } from '../../takeover/support/agent-tree.js';

const EAGAIN = -11;
const memory = allocate(4096);

/** What a listener keeper brought. */
export interface Brought {
  readonly hello: Hello | undefined;
  readonly listener: number | undefined;
  /** The keeper's process, as the kernel noted it. */
  readonly pid: number;
  say(type: number, key: number, text?: string): void;
  close(): void;
}

/** A socket as a sidecar has it, of whatever user. */
export class FakeSidecar {
  private constructor(private readonly socket: number) {}

  static listen(path: string, user: number): FakeSidecar {
    const socket = asUser(user, () => {
      const mask = process.umask(0);
      const made = listenSequenced(path, 4);
      process.umask(mask);
      return made;
    });
    if (socket < 0) throw new Error(`listen: ${socket}`);
    return new FakeSidecar(socket);
  }

  /** The next connection's first packet; without a hello where the peer went away instead. */
  async next(): Promise<Brought> {
    let socket = EAGAIN;
    await until(() => {
      socket = acceptConnection(this.socket);
      return socket >= 0;
    }, 'a listener keeper');
    const received = createReceivedMessage();
    let bytes = EAGAIN;
    await until(() => {
      bytes = receiveWithDescriptors(socket, memory.address, helloBytes, received);
      return bytes !== EAGAIN;
    }, 'its hello');
    const peer = peerCredentials(socket);
    return {
      hello: readHello(memory, bytes),
      listener: received.count === 1 ? received.descriptors[0] : undefined,
      pid: typeof peer === 'number' ? 0 : peer.pid,
      say(type, key, text) {
        sendWithDescriptors(socket, memory.address, writeWord(memory, type, key, text), []);
      },
      close: () => void systemCall('close', socket),
    };
  }

  close(): void {
    systemCall('close', this.socket);
  }
}
