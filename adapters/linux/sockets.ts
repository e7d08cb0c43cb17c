import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/** sun_path of `struct sockaddr_un`, NUL included (unix(7)). */
export const maximumSocketPathBytes = 108;

let memory: NativeMemory | undefined;
function address(path: string): { at: number; length: number } {
  memory ??= allocate(4096);
  memory.u16[0] = AF_UNIX;
  memory.putString(2, path);
  return { at: memory.address, length: 2 + Buffer.byteLength(path) + 1 };
}

/** A listening unix stream socket that never blocks: its descriptor or minus an errno. */
export function listenUnix(path: string, backlog: number): number {
  if (Buffer.byteLength(path) >= maximumSocketPathBytes) return -36;
  const socket = systemCall('socket', AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0);
  if (socket < 0) return socket;
  const { at, length } = address(path);
  const result = systemCall('bind', socket, at, length) || systemCall('listen', socket, backlog);
  if (result === 0) return socket;
  systemCall('close', socket);
  return result;
}

/** Connects to a unix stream socket: a descriptor or minus an errno (-ECONNREFUSED: nobody listens). */
export function connectUnix(path: string): number {
  const socket = systemCall('socket', AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0);
  if (socket < 0) return socket;
  const { at, length } = address(path);
  const result = systemCall('connect', socket, at, length);
  if (result === 0) return socket;
  systemCall('close', socket);
  return result;
}

/** accept4(2): the connection's descriptor or minus an errno (-EAGAIN: nobody waits). */
export function acceptConnection(socket: number): number {
  return systemCall('accept4', socket, 0, 0, SOCK_NONBLOCK_CLOEXEC);
}

/** Who is at the other end of a unix socket, as the kernel noted at connect time (SO_PEERCRED of unix(7)). */
export function peerCredentials(socket: number): { pid: number; uid: number; gid: number } | number {
  memory ??= allocate(4096);
  const at = 1024;
  memory.u32[(at + 16) >> 2] = 12;
  const base = memory.address + at;
  const result = systemCall('getsockopt', socket, SOL_SOCKET, SO_PEERCRED, base, base + 16);
  if (result < 0) return result;
  const word = (index: number): number => memory?.i32[(at >> 2) + index] as number;
  return { pid: word(0), uid: word(1), gid: word(2) };
}
