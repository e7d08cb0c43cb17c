import { SOCK_DGRAM, sendWithDescriptors } from './descriptor-passing.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { maximumSocketPathBytes } from './sockets.js';

const AF_UNIX = 1;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const ENAMETOOLONG = -36;
const EMSGSIZE = -90;
const textAt = 256;

/** Text that one datagram may carry here; what is longer is no message but a mistake. */
export const maximumDatagramBytes = 8192;

let memory: NativeMemory | undefined;

/**
 * Sends one datagram, with descriptors beside it, to a unix socket: a path, or an abstract name that begins
 * with '@' (unix(7)). Never waits: the bytes sent, or minus an errno (-EAGAIN: the receiver's queue is full).
 */
export function sendDatagram(name: string, text: string, descriptors: readonly number[]): number {
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumDatagramBytes) return EMSGSIZE;
  memory ??= allocate(textAt + maximumDatagramBytes + 1);
  const length = putAddress(memory, name);
  if (length < 0) return length;
  memory.putString(textAt, text);
  const socket = systemCall('socket', AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK_CLOEXEC, 0);
  if (socket < 0) return socket;
  // Connected for one message only: a receiver that was started again has the same name, not the same socket.
  const connected = systemCall('connect', socket, memory.address, length);
  const result =
    connected < 0 ? connected : sendWithDescriptors(socket, memory.address + textAt, bytes, descriptors);
  systemCall('close', socket);
  return result;
}

/** Writes a `struct sockaddr_un`: its length, or -ENAMETOOLONG. An abstract name has no NUL at its end. */
function putAddress(block: NativeMemory, name: string): number {
  const bytes = Buffer.byteLength(name);
  if (bytes >= maximumSocketPathBytes) return ENAMETOOLONG;
  block.u16[0] = AF_UNIX;
  block.putString(2, name);
  if (!name.startsWith('@')) return 2 + bytes + 1;
  block.u8[2] = 0;
  return 2 + bytes;
}
