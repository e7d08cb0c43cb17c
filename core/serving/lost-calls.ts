import { offset } from '../request/record-layout.js';

/** How often, and how many times, lost calls are looked for after a take-over. */
export const lostCallsEveryMs = 1_000;
export const lostCallsRounds = 30;
/** Two looks so far apart see the same call only if nobody has it in hand: a request takes microseconds. */
export const lookAgainMs = 300;
/** Ids that are tried around a known one: more than a target has calls under way. */
const idsAround = 1_024n;

/** What the journal knows of a listener's calls. */
export interface KnownCalls {
  /** Threads whose calls are in hand now. */
  readonly threadIds: ReadonlySet<number>;
  /** Notification ids in hand now. */
  readonly notificationIds: ReadonlySet<bigint>;
  /** Ids of this filter beside which lost ones must be: ids are consecutive. */
  readonly neighbours: readonly bigint[];
}

/**
 * Also what a predecessor left, and no loop has come to yet: made anew, such a call would leave behind what
 * was added for it already.
 */
export function withFormer(known: KnownCalls, former: readonly Uint8Array[]): KnownCalls {
  if (former.length === 0) return known;
  const threadIds = new Set(known.threadIds);
  const notificationIds = new Set(known.notificationIds);
  for (const bytes of former) {
    const record = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    threadIds.add(record.getUint32(offset.threadId, true));
    notificationIds.add(record.getBigUint64(offset.notificationId, true));
  }
  return { ...known, threadIds, notificationIds };
}

/** A thread that waits in a call: its id, and the call with its arguments. */
export interface WaitingThread {
  readonly threadId: number;
  readonly call: string;
}

/**
 * Threads that wait in the same call at both looks, and which nobody has in hand. One that only waits for a
 * loop that is busy is made anew as well, which does no harm.
 */
export function threadsWithLostCalls(
  first: readonly WaitingThread[],
  second: readonly WaitingThread[],
  { threadIds }: KnownCalls,
): WaitingThread[] {
  const before = new Map(first.map(({ threadId, call }) => [threadId, call]));
  return second.filter(({ threadId, call }) => before.get(threadId) === call && !threadIds.has(threadId));
}

/** Ids beside the known ones that were received and are not answered. */
export function receivedNearby(
  neighbours: readonly bigint[],
  isReceived: (id: bigint) => boolean,
): ReadonlySet<bigint> {
  const ids = new Set<bigint>();
  for (const neighbour of neighbours) {
    for (let id = neighbour - idsAround; id <= neighbour + idsAround; id++) {
      const unsigned = BigInt.asUintN(64, id);
      if (isReceived(unsigned)) ids.add(unsigned);
    }
  }
  return ids;
}

/** At the second look: those that are received still and that nobody has in hand. */
export function lostNotifications(
  found: ReadonlySet<bigint>,
  { notificationIds }: KnownCalls,
  isReceived: (id: bigint) => boolean,
): bigint[] {
  return [...found].filter((id) => !notificationIds.has(id) && isReceived(id));
}
