/**
 * Packets between a supervisor and the injector (AF_UNIX SOCK_SEQPACKET, little-endian). Pure: offsets and
 * copying between typed arrays, nothing allocated, so that a hot loop can use it.
 */
export const packetMagic = 0x44505459;

export const packetType = {
  /** Control channel, with one descriptor: the injector's end of a hot loop's channel. */
  newLoop: 1,
  /** Control channel: answered with `pong`, same token. */
  ping: 2,
  /** From the injector, once, when it is ready. */
  hello: 3,
  pong: 4,
  /** Control channel, with one descriptor, the scoreboard: to an injector that was started without one. */
  scoreboard: 5,
  /** Loop channel, with two descriptors: the listener, and the O_PATH descriptor to hand over. */
  request: 16,
  reply: 17,
  /** Loop channel, with one descriptor, the listener: see reissue-protocol.ts. */
  reissue: 18,
  reissueReply: 19,
} as const;

/** Every packet begins so; offsets in bytes. */
export const packetField = { magic: 0, type: 4, token: 8 } as const;
export const packetBytes = { control: 48, request: 248, reply: 48 } as const;
/** No packet is longer. */
export const largestPacketBytes = 1024;

export const helloField = {
  processId: 12,
  maySuspendFilters: 16,
  oomErrno: 20,
  capabilityErrno: 24,
} as const;

export const requestField = {
  flags: 12,
  /** struct seccomp_notif (linux/seccomp.h), 80 bytes, as RECV gave it. */
  notification: 16,
  id: 16,
  threadId: 24,
  number: 32,
  architecture: 36,
  instructionPointer: 40,
  arguments: 48,
  /** struct file_handle as copied from the target, 136 bytes: for the record, never compared again. */
  handle: 96,
  /** With requestFlag.withdraw: the number in the target's table that is to be closed. */
  withdrawn: 232,
} as const;
export const notificationBytes = 80;
export const handleBytes = 136;

export const requestFlag = {
  /** The target asked for O_CLOEXEC. */
  closeOnExec: 1,
  /** Use a page of its own in the target instead of the stack below the red zone. */
  privatePage: 2,
  /**
   * Nothing is to be brought: a descriptor that the target was given for a call which it then gave up is to
   * be closed again. The second descriptor of the packet is deputy's own of the same open file description.
   */
  withdraw: 4,
  /**
   * Only tell what became of the notification, never act. Comes with or without descriptors, and is answered
   * after every request that was sent, on whichever channel, before it.
   */
  query: 8,
} as const;

export const replyField = {
  result: 12,
  outcome: 16,
  subStep: 20,
  reason: 24,
  notes: 28,
  durationUs: 32,
  attempts: 40,
} as const;

export const replyOutcome = {
  /** The target's call has returned `result` (a descriptor or minus an errno): nothing is left to send. */
  completed: 1,
  /** The notification was no longer valid, and nothing was left behind. */
  cancelled: 2,
  /** Nothing was touched, the notification is still unanswered: answer it with the errno in `result`. */
  refused: 3,
  /** The target was killed while its registers were changed. */
  killed: 4,
  /** To a query: this notification was never asked about, or so long ago that it is forgotten. */
  unknown: 5,
} as const;

export const replyReason = {
  none: 0,
  tracedByAnother: 1,
  threadGone: 2,
  architecture: 3,
  /** Too many injections wait for threads that don't stop (frozen, say). */
  timeout: 4,
  /** The thread has filters besides the listener's, and the injector may not suspend them. */
  cannotSuspendFilters: 5,
  /** The injector itself failed: descriptors, memory, a packet it could not read. */
  internal: 6,
  /** The target's table of descriptors is full. */
  tableFull: 7,
  /** A call in the target's name failed; it got EIO. */
  injectedCallFailed: 8,
} as const;

export const replyNote = {
  /** The target's filters stayed on, because the injector may not suspend them. */
  filtersActive: 1,
  /** The scratch memory was a page of its own. */
  privatePage: 2,
  /** The socket could not be removed from the target's table (its code had changed). */
  socketLeft: 4,
  /** This was concluded before it was asked for: the outcome is told again, and nothing was done. */
  remembered: 8,
} as const;

/** A reply, decoded into an object that the caller keeps and reuses. */
export interface InjectionReply {
  token: number;
  result: number;
  outcome: number;
  subStep: number;
  reason: number;
  notes: number;
  durationUs: number;
}

export function createReply(): InjectionReply {
  return { token: 0, result: 0, outcome: 0, subStep: 0, reason: 0, notes: 0, durationUs: 0 };
}

/** Memory as its 32-bit words, and the byte offset where something starts in it (a multiple of 4). */
export interface Place {
  readonly words: Uint32Array;
  readonly at: number;
}

/** Begins a packet: zeroes `bytes` and writes magic, type and token. */
export function beginPacket(
  words: Uint32Array,
  at: number,
  bytes: number,
  type: number,
  token: number,
): void {
  words.fill(0, at >> 2, (at + bytes) >> 2);
  words[(at + packetField.magic) >> 2] = packetMagic;
  words[(at + packetField.type) >> 2] = type;
  words[(at + packetField.token) >> 2] = token;
}

/**
 * Writes a request of 248 bytes at `target`. `notification` is a struct seccomp_notif; `handle` a struct
 * file_handle with room for 136 bytes (a journal record holds both so); a query needs none.
 */
export function encodeRequest(
  target: Place,
  token: number,
  flags: number,
  notification: Place,
  handle?: Place,
): void {
  const { words, at } = target;
  beginPacket(words, at, packetBytes.request, packetType.request, token);
  words[(at + requestField.flags) >> 2] = flags;
  copyWords(words, at + requestField.notification, notification, notificationBytes);
  if (handle) copyWords(words, at + requestField.handle, handle, handleBytes);
}

/** Makes the request at `target` one that closes `number` in the target's table. */
export function askToWithdraw({ words, at }: Place, number: number): void {
  words[(at + requestField.flags) >> 2] = requestFlag.withdraw;
  words[(at + requestField.withdrawn) >> 2] = number;
}

/** Reads the reply of `length` bytes at `source`: false when it isn't one. */
export function decodeReply(source: Place, length: number, reply: InjectionReply): boolean {
  const { words, at } = source;
  const isReply = words[at >> 2] === packetMagic && words[(at + packetField.type) >> 2] === packetType.reply;
  if (length !== packetBytes.reply || !isReply) return false;
  const word = (offset: number): number => words[(at + offset) >> 2] as number;
  reply.token = word(packetField.token);
  reply.result = word(replyField.result) | 0;
  reply.outcome = word(replyField.outcome);
  reply.subStep = word(replyField.subStep);
  reply.reason = word(replyField.reason);
  reply.notes = word(replyField.notes);
  reply.durationUs = word(replyField.durationUs);
  return true;
}

function copyWords(words: Uint32Array, at: number, source: Place, bytes: number): void {
  for (let index = 0; index < bytes >> 2; index++) {
    words[(at >> 2) + index] = source.words[(source.at >> 2) + index] as number;
  }
}
