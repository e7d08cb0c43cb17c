import { messageHeader } from '../../core/injector/injector-kernel.js';
import { putWord } from '../../core/injector/ptrace-words.js';
import { allocate, type NativeMemory } from './memory.js';
import { systemCall } from './native.js';

const AF_UNIX = 1;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOCK_CLOEXEC = 0o2000000;

export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;

/** Descriptors that one message may carry here; the kernel's own limit is 253 (SCM_MAX_FD). */
export const maximumPassedDescriptors = 16;

const headerAt = 0;
const vectorAt = 64;
const pairAt = 96;
const controlAt = 128;
const controlHeaderBytes = 16;
const controlBytes = controlHeaderBytes + maximumPassedDescriptors * 4;

/** One block a JavaScript thread: every call here is synchronous and leaves nothing in it. */
let memory: NativeMemory | undefined;

function prepare(address: number, length: number, controlLength: number): NativeMemory {
  memory ??= allocate(4096);
  putWord(memory, vectorAt, address);
  putWord(memory, vectorAt + 8, length);
  memory.u8.fill(0, headerAt, headerAt + messageHeader.bytes);
  putWord(memory, headerAt + messageHeader.vector, memory.address + vectorAt);
  putWord(memory, headerAt + messageHeader.vectorLength, 1);
  putWord(memory, headerAt + messageHeader.control, controlLength === 0 ? 0 : memory.address + controlAt);
  putWord(memory, headerAt + messageHeader.controlLength, controlLength);
  return memory;
}

/**
 * Makes a connected pair of unix sockets, closed on exec (socketpair(2)); the two go into `ends`.
 * 0 or minus an errno.
 */
export function createSocketPair(type: number, ends: Int32Array): number {
  memory ??= allocate(4096);
  const result = systemCall('socketpair', AF_UNIX, type | SOCK_CLOEXEC, 0, memory.address + pairAt);
  if (result < 0) return result;
  ends[0] = memory.i32[pairAt >> 2] as number;
  ends[1] = memory.i32[(pairAt >> 2) + 1] as number;
  return 0;
}

/**
 * Sends one message with descriptors beside it (sendmsg(2), SCM_RIGHTS of unix(7)). Never waits and raises no
 * SIGPIPE: the bytes sent, or minus an errno (-EAGAIN: no room; -EPIPE, -ECONNREFUSED: nobody there).
 */
export function sendWithDescriptors(
  socket: number,
  bytesAddress: number,
  length: number,
  descriptors: readonly number[],
): number {
  const count = Math.min(descriptors.length, maximumPassedDescriptors);
  const block = prepare(bytesAddress, length, count === 0 ? 0 : controlHeaderBytes + roundUpTo8(count * 4));
  if (count > 0) {
    putWord(block, controlAt, controlHeaderBytes + count * 4);
    block.i32[(controlAt >> 2) + 2] = SOL_SOCKET;
    block.i32[(controlAt >> 2) + 3] = SCM_RIGHTS;
    for (let index = 0; index < count; index++) {
      block.i32[((controlAt + controlHeaderBytes) >> 2) + index] = descriptors[index] as number;
    }
  }
  return systemCall('sendmsg', socket, block.address + headerAt, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/** What receiveWithDescriptors() found; the caller keeps one and reuses it. */
export interface ReceivedMessage {
  /** Descriptors received, closed on exec, owned by the caller; only the first `count` mean anything. */
  readonly descriptors: Int32Array;
  count: number;
  /** The message or its descriptors didn't fit, and a part was lost. */
  truncated: boolean;
}

/** An empty ReceivedMessage to receive into. */
export function createReceivedMessage(): ReceivedMessage {
  return { descriptors: new Int32Array(maximumPassedDescriptors), count: 0, truncated: false };
}

/**
 * Receives one message and its descriptors (recvmsg(2), SCM_RIGHTS of unix(7)), never waiting: the bytes
 * received, 0 at the end of a connection, or minus an errno (-EAGAIN: nothing there).
 */
export function receiveWithDescriptors(
  socket: number,
  bytesAddress: number,
  capacity: number,
  received: ReceivedMessage,
): number {
  const block = prepare(bytesAddress, capacity, controlBytes);
  received.count = 0;
  received.truncated = false;
  const result = systemCall('recvmsg', socket, block.address + headerAt, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (result < 0) return result;
  const flags = block.i32[(headerAt + messageHeader.flags) >> 2] as number;
  received.truncated = (flags & (MSG_CTRUNC | MSG_TRUNC)) !== 0;
  const filled = block.u32[(headerAt + messageHeader.controlLength) >> 2] as number;
  if (filled < controlHeaderBytes) return result;
  const words = block.i32;
  const isRights = words[(controlAt >> 2) + 2] === SOL_SOCKET && words[(controlAt >> 2) + 3] === SCM_RIGHTS;
  if (!isRights) return result;
  const bytes = (words[controlAt >> 2] as number) - controlHeaderBytes;
  received.count = Math.min(bytes >> 2, maximumPassedDescriptors);
  for (let index = 0; index < received.count; index++) {
    received.descriptors[index] = words[((controlAt + controlHeaderBytes) >> 2) + index] as number;
  }
  return result;
}

function roundUpTo8(bytes: number): number {
  return (bytes + 7) & ~7;
}
