import { SOCK_SEQPACKET } from './descriptor-passing.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';
import { maximumSocketPathBytes } from './sockets.js';

const AF_UNIX = 1;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_PEERGROUPS = 59;
const SO_PEERPIDFD = 77;
const TIOCOUTQ = 0x5411;
const ENAMETOOLONG = -36;
const ERANGE = -34;
const EINVAL = -22;

const lengthAt = 256;
const valueAt = 512;
/** NGROUPS_MAX of Linux: so many supplementary groups can a peer have. */
const maximumGroups = 65_536;

let memory: NativeMemory | undefined;
function scratch(): NativeMemory {
  memory ??= allocate(valueAt + maximumGroups * 4);
  return memory;
}

/** Writes a `struct sockaddr_un` of a file: its length, or minus an errno. Abstract names are none. */
function putPath(path: string): number {
  if (path === '' || path.startsWith('\0') || path.startsWith('@')) return EINVAL;
  if (Buffer.byteLength(path) >= maximumSocketPathBytes) return ENAMETOOLONG;
  const block = scratch();
  block.u16[0] = AF_UNIX;
  block.putString(2, path);
  return 2 + Buffer.byteLength(path) + 1;
}

function open(path: string, use: (socket: number, length: number) => number): number {
  const length = putPath(path);
  if (length < 0) return length;
  const socket = systemCall('socket', AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK_CLOEXEC, 0);
  if (socket < 0) return socket;
  const result = use(socket, length);
  if (result === 0) return socket;
  systemCall('close', socket);
  return result;
}

/** A listening SOCK_SEQPACKET socket that never blocks, on a file: its descriptor or minus an errno. */
export function listenSequenced(path: string, backlog: number): number {
  return open(
    path,
    (socket, length) =>
      systemCall('bind', socket, scratch().address, length) || systemCall('listen', socket, backlog),
  );
}

/** Connects: a descriptor or minus an errno (-ECONNREFUSED: nobody listens; -EAGAIN: too many wait). */
export function connectSequenced(path: string): number {
  return open(path, (socket, length) => systemCall('connect', socket, scratch().address, length));
}

function socketOption(socket: number, option: number, bytes: number): number {
  const block = scratch();
  block.u32[lengthAt >> 2] = bytes;
  return systemCall(
    'getsockopt',
    socket,
    SOL_SOCKET,
    option,
    block.address + valueAt,
    block.address + lengthAt,
  );
}

/** A pidfd of who connected (SO_PEERPIDFD, Linux 6.5): a descriptor, closed on exec, or minus an errno. */
export function peerProcess(socket: number): number {
  const result = socketOption(socket, SO_PEERPIDFD, 4);
  return result < 0 ? result : (scratch().i32[valueAt >> 2] as number);
}

/** The supplementary groups that the peer had when it connected (SO_PEERGROUPS), or minus an errno. */
export function peerGroups(socket: number): number[] | number {
  const result = socketOption(socket, SO_PEERGROUPS, maximumGroups * 4);
  if (result < 0) return result === ERANGE ? [] : result;
  const block = scratch();
  const count = (block.u32[lengthAt >> 2] as number) >> 2;
  return Array.from(block.u32.subarray(valueAt >> 2, (valueAt >> 2) + count));
}

/** SO_SNDBUF: bytes that may wait to be read at the other end, or minus an errno. */
export function sendBufferBytes(socket: number): number {
  const result = socketOption(socket, SO_SNDBUF, 4);
  return result < 0 ? result : (scratch().i32[valueAt >> 2] as number);
}

/** What was sent and not read yet, as SO_SNDBUF counts it (TIOCOUTQ of unix(7)); or minus an errno. */
export function unreadBytes(socket: number): number {
  const block = scratch();
  const result = systemCall('ioctl', socket, TIOCOUTQ, block.address + valueAt);
  return result < 0 ? result : (block.i32[valueAt >> 2] as number);
}
