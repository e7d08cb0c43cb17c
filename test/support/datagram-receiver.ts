import {
  createReceivedMessage,
  receiveWithDescriptors,
  SOCK_DGRAM,
} from '../../adapters/linux/descriptor-passing.js';
import { allocate } from '../../adapters/linux/memory.js';
import { systemCall } from '../../adapters/linux/native.js';

const AF_UNIX = 1;
const capacity = 8192;

/** A datagram that came, its text and the descriptors beside it, which the caller closes. */
export interface Datagram {
  readonly text: string;
  readonly descriptors: readonly number[];
}

/** A unix datagram socket of the kernel's, bound to a path or to an abstract name that begins with '@'. */
export class DatagramReceiver {
  readonly socket: number;
  private readonly memory = allocate(capacity + 4096);

  constructor(readonly name: string) {
    this.socket = systemCall('socket', AF_UNIX, SOCK_DGRAM, 0);
    const bytes = Buffer.byteLength(name);
    this.memory.u16[0] = AF_UNIX;
    this.memory.putString(2, name);
    if (name.startsWith('@')) this.memory.u8[2] = 0;
    const length = 2 + bytes + (name.startsWith('@') ? 0 : 1);
    const result = systemCall('bind', this.socket, this.memory.address, length);
    if (result < 0) throw new Error(`bind ${name}: errno ${-result}`);
  }

  /** The next datagram, or undefined when none is there. */
  receive(): Datagram | undefined {
    const received = createReceivedMessage();
    const at = this.memory.address + 4096;
    const bytes = receiveWithDescriptors(this.socket, at, capacity, received);
    if (bytes < 0) return undefined;
    const text = Buffer.from(this.memory.buffer, 4096, bytes).toString('utf8');
    return { text, descriptors: [...received.descriptors.slice(0, received.count)] };
  }

  close(): void {
    systemCall('close', this.socket);
  }
}
