import {
  createReceivedMessage,
  createSocketPair,
  receiveWithDescriptors,
  SOCK_SEQPACKET,
  sendWithDescriptors,
} from '../linux/descriptor-passing.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { type Watch, watchReadable } from '../linux/readiness.js';
import { descriptorPacket } from './protocol.js';

const EAGAIN = -11;
/** No room now: the socket's, the kernel's, or that of all descriptors under way (unix(7), ETOOMANYREFS). */
const noRoom: ReadonlySet<number> = new Set([EAGAIN, -12 /* ENOMEM */, -105 /* ENOBUFS */, -109]);
/** A full socket is tried again this often; its reader is busy, or about to be replaced. */
const retryMs = 5;
/** Descriptors that may wait for one supervisor: more than an agent has listeners. */
const queueLimit = 8_192;

interface Waiting {
  readonly kind: number;
  readonly number: number;
  readonly descriptor: number;
  readonly closes: boolean;
}

/** The sending side: never waits; what finds no room is sent a little later. */
export class DescriptorSender {
  private readonly memory = allocate(4096);
  private readonly queue: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly socket: number) {}

  /** `closes`: the descriptor is closed once it is sent, or can't be. */
  send(kind: number, number: number, descriptor: number, closes = false): void {
    if (this.closed || this.queue.length >= queueLimit) {
      if (closes) systemCall('close', descriptor);
      return;
    }
    this.queue.push({ kind, number, descriptor, closes });
    this.flush();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const { descriptor, closes } of this.queue.splice(0)) if (closes) systemCall('close', descriptor);
    systemCall('close', this.socket);
  }

  private flush(): void {
    while (this.queue.length > 0) {
      const next = this.queue[0] as Waiting;
      const { u32, address } = this.memory;
      u32[0] = descriptorPacket.magic;
      u32[1] = next.kind;
      u32[2] = next.number;
      const sent = sendWithDescriptors(this.socket, address, descriptorPacket.bytes, [next.descriptor]);
      if (noRoom.has(sent)) {
        // One timer, however many wait: each would go on by itself.
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.flush(), retryMs);
        return;
      }
      this.queue.shift();
      if (next.closes) systemCall('close', next.descriptor);
    }
  }
}

/** A connected pair: our sending side, and the descriptor for the other process; or minus an errno. */
export function openDescriptorChannel(): { sender: DescriptorSender; theirs: number } | number {
  const ends = new Int32Array(2);
  const made = createSocketPair(SOCK_SEQPACKET, ends);
  if (made < 0) return made;
  return { sender: new DescriptorSender(ends[0] as number), theirs: ends[1] as number };
}

/** The receiving side, in a supervisor. What comes belongs to `take`. */
export function receiveDescriptors(
  socket: number,
  take: (kind: number, number: number, descriptor: number) => void,
): Watch {
  const memory = allocate(4096);
  const received = createReceivedMessage();
  const watch = watchReadable(socket, () => {
    for (;;) {
      const bytes = receiveWithDescriptors(socket, memory.address, descriptorPacket.bytes, received);
      if (bytes === EAGAIN) return;
      // The keeper is gone; its IPC channel says so as well.
      if (bytes <= 0) return watch.stop();
      const [magic, kind, number] = memory.u32;
      const isOurs = magic === descriptorPacket.magic && received.count === 1;
      if (isOurs) take(kind as number, number as number, received.descriptors[0] as number);
      else closeAll(received.descriptors, received.count);
    }
  });
  return watch;
}

function closeAll(descriptors: Int32Array, count: number): void {
  for (let index = 0; index < count; index++) systemCall('close', descriptors[index] as number);
}
