import { beginPacket, type Place, packetField, packetMagic, packetType } from './protocol.js';

/**
 * The packets of a reissue: calls whose record is lost are interrupted, so that the kernel makes them anew.
 * As protocol.ts: AF_UNIX SOCK_SEQPACKET, little-endian, pure.
 */
export const reissueLimit = { threads: 64, notifications: 64, syscallNumbers: 8 } as const;

export const reissueField = {
  threadCount: 12,
  notificationCount: 16,
  syscallNumberCount: 20,
  /** Numbers of the calls that the filter notifies of, i32; with none given, any call counts. */
  syscallNumbers: 24,
  /** i32 each. */
  threads: 56,
  /** u64 each. */
  notifications: 312,
} as const;

export const reissueReplyField = {
  /** 0, or minus an errno: then nothing was done. */
  result: 12,
  threadCount: 16,
  /** Killable waits that were ended. */
  endedWaits: 20,
  /** One byte for each thread: a reissueCode. */
  codes: 24,
} as const;

export const reissuePacketBytes = { request: 824, reply: 88 } as const;

/** What became of a thread that a reissue named. */
export const reissueCode = {
  none: 0,
  /** It stopped in a call that the kernel makes anew: a fresh notification comes. */
  reissued: 1,
  /** It has ended, or it had left the call and runs on unharmed. */
  gone: 2,
  /** Another process traces it, so it was not touched. No wait was ended by notification id then. */
  traced: 3,
  /**
   * It has not stopped yet: it is frozen, or its wait is killable and its notification was not among those
   * given. It is let go when it stops.
   */
  pending: 4,
  /** Not touched, since too many others have not stopped yet or it could not be traced. As with traced. */
  refused: 5,
} as const;

/** What a reissue asks for. */
export interface ReissueRequest {
  readonly threadIds: readonly number[];
  readonly notificationIds: readonly bigint[];
  readonly syscallNumbers: readonly number[];
}

/** Writes a reissue at `target`; the caller has kept the limits. */
export function encodeReissue({ words, at }: Place, token: number, request: ReissueRequest): void {
  const { threadIds, notificationIds, syscallNumbers } = request;
  beginPacket(words, at, reissuePacketBytes.request, packetType.reissue, token);
  const put = (offset: number, index: number, value: number): void => {
    words[((at + offset) >> 2) + index] = value;
  };
  put(reissueField.threadCount, 0, threadIds.length);
  put(reissueField.notificationCount, 0, notificationIds.length);
  put(reissueField.syscallNumberCount, 0, syscallNumbers.length);
  for (const [index, number] of syscallNumbers.entries()) put(reissueField.syscallNumbers, index, number);
  for (const [index, id] of threadIds.entries()) put(reissueField.threads, index, id);
  notificationIds.forEach((id, index) => {
    put(reissueField.notifications, index * 2, Number(id & 0xffffffffn));
    put(reissueField.notifications, index * 2 + 1, Number((id >> 32n) & 0xffffffffn));
  });
}

/** Reads the reissue of `length` bytes at `source`: undefined when it isn't one, or exceeds the limits. */
export function decodeReissue({ words, at }: Place, length: number): ReissueRequest | undefined {
  const word = (offset: number, index = 0): number => words[((at + offset) >> 2) + index] as number;
  if (length !== reissuePacketBytes.request || word(packetField.magic) !== packetMagic) return undefined;
  if (word(packetField.type) !== packetType.reissue) return undefined;
  const threads = word(reissueField.threadCount);
  const notifications = word(reissueField.notificationCount);
  const numbers = word(reissueField.syscallNumberCount);
  const isWithin =
    threads <= reissueLimit.threads &&
    notifications <= reissueLimit.notifications &&
    numbers <= reissueLimit.syscallNumbers;
  if (!isWithin) return undefined;
  const signed = (count: number, offset: number): number[] =>
    Array.from({ length: count }, (_, index) => word(offset, index) | 0);
  const notificationIds = Array.from(
    { length: notifications },
    (_, index) =>
      (BigInt(word(reissueField.notifications, index * 2 + 1)) << 32n) |
      BigInt(word(reissueField.notifications, index * 2)),
  );
  return {
    threadIds: signed(threads, reissueField.threads),
    notificationIds,
    syscallNumbers: signed(numbers, reissueField.syscallNumbers),
  };
}

/** A reply to a reissue, decoded. */
export interface ReissueReply {
  readonly token: number;
  readonly result: number;
  readonly endedWaits: number;
  readonly codes: readonly number[];
}

/** Writes a reply at `target`. */
export function encodeReissueReply({ words, at }: Place, reply: ReissueReply): void {
  beginPacket(words, at, reissuePacketBytes.reply, packetType.reissueReply, reply.token);
  words[(at + reissueReplyField.result) >> 2] = reply.result;
  words[(at + reissueReplyField.threadCount) >> 2] = reply.codes.length;
  words[(at + reissueReplyField.endedWaits) >> 2] = reply.endedWaits;
  reply.codes.forEach((code, index) => {
    const place = at + reissueReplyField.codes + index;
    words[place >> 2] = (words[place >> 2] as number) | (code << ((place & 3) * 8));
  });
}

/** Reads the reply of `length` bytes at `source`: undefined when it isn't one. */
export function decodeReissueReply({ words, at }: Place, length: number): ReissueReply | undefined {
  const word = (offset: number): number => words[(at + offset) >> 2] as number;
  if (length !== reissuePacketBytes.reply || word(packetField.magic) !== packetMagic) return undefined;
  if (word(packetField.type) !== packetType.reissueReply) return undefined;
  const count = Math.min(word(reissueReplyField.threadCount), reissueLimit.threads);
  return {
    token: word(packetField.token),
    result: word(reissueReplyField.result) | 0,
    endedWaits: word(reissueReplyField.endedWaits),
    codes: Array.from({ length: count }, (_, index) => {
      const place = reissueReplyField.codes + index;
      return (word(place & ~3) >>> ((place & 3) * 8)) & 0xff;
    }),
  };
}
