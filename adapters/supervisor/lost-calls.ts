import type { Logger } from '../../core/ports/logger.js';
import { offset } from '../../core/request/record-layout.js';
import {
  type KnownCalls,
  lookAgainMs,
  lostNotifications,
  receivedNearby,
  threadsWithLostCalls,
  type WaitingThread,
} from '../../core/serving/lost-calls.js';
import { ReissueClient } from '../injector/reissue-client.js';
import { neighbourIds } from '../journal/neighbour-ids.js';
import { readOpenRecords } from '../journal/open-records.js';
import { copyDescriptor, hasReceivedCalls, isReceived } from '../linux/listener-state.js';
import { native, systemCall } from '../linux/native.js';
import { blockedThreads } from './blocked-threads.js';
import type { InjectorChannels } from './injector-channels.js';

/** A listener that was taken over. */
export interface TakenOver {
  readonly key: number;
  readonly descriptor: number;
  readonly processId: number;
}

/** Reads what the journal has of a listener from the segment on with which this epoch begins. */
export function knownCalls(directory: string, key: number, firstSegment: number): KnownCalls {
  const open = readOpenRecords(directory, firstSegment, Number.POSITIVE_INFINITY);
  const ours = open.filter(({ listener }) => listener === key);
  return {
    threadIds: new Set(ours.map(({ bytes }) => new DataView(bytes.buffer).getUint32(offset.threadId, true))),
    notificationIds: new Set(ours.map(({ notificationId }) => notificationId)),
    neighbours: neighbourIds(directory, key, firstSegment),
  };
}

export interface LostCallsOptions {
  readonly injector: InjectorChannels;
  readonly logger: Logger;
  readonly known: () => KnownCalls;
  /** The next call of each of these threads is one that was made anew. */
  readonly expect: (threadIds: readonly number[]) => void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * After a take-over: finds calls that a predecessor received and whose records are lost, because the journal
 * was damaged or taken away, and has the kernel make them anew. Returns how many there were.
 */
export async function reissueLostCalls(listener: TakenOver, options: LostCallsOptions): Promise<number> {
  const { openByHandleAt, nameToHandleAt } = delegated();
  const numbers = new Set([openByHandleAt, nameToHandleAt]);
  // Its own copy: the listener may hang up meanwhile, and its number be another's.
  const descriptor = copyDescriptor(listener.descriptor);
  if (descriptor < 0) return 0;
  try {
    const threads = await lostThreads(listener, descriptor, numbers, options);
    if (threads.length === 0) return 0;
    const channel = await options.injector.openChannel();
    if (channel === undefined) return 0;
    const client = new ReissueClient(channel);
    const threadIds = threads.map(({ threadId }) => threadId);
    const ids = await lostIds(descriptor, options.known);
    options.expect(threadIds);
    const result = await client.reissue(descriptor, threadIds, ids, [...numbers]);
    client.close();
    const bindings = { listener: listener.key, threadIds, result };
    options.logger.warn(bindings, 'calls whose records are lost are made anew');
    return threadIds.length;
  } finally {
    systemCall('close', descriptor);
  }
}

function delegated(): { openByHandleAt: number; nameToHandleAt: number } {
  const { numbers } = native();
  return { openByHandleAt: numbers.open_by_handle_at, nameToHandleAt: numbers.name_to_handle_at };
}

/** Threads that wait in a call which was received, and which nobody has in hand. */
async function lostThreads(
  { processId }: TakenOver,
  descriptor: number,
  numbers: ReadonlySet<number>,
  { known }: LostCallsOptions,
): Promise<WaitingThread[]> {
  if (!hasReceivedCalls(descriptor)) return [];
  const first = blockedThreads(processId, numbers);
  await sleep(lookAgainMs);
  if (!hasReceivedCalls(descriptor)) return [];
  return threadsWithLostCalls(first, blockedThreads(processId, numbers), known());
}

/**
 * Ids of calls that were received and are not in hand, beside those that are known. Looked at twice: one that
 * a loop answers just now must not be among them, for its thread would see an errno that is none.
 */
async function lostIds(descriptor: number, known: () => KnownCalls): Promise<bigint[]> {
  const isStillReceived = (id: bigint): boolean => isReceived(descriptor, id);
  const ids = receivedNearby(known().neighbours, isStillReceived);
  await sleep(lookAgainMs);
  return lostNotifications(ids, known(), isStillReceived);
}
