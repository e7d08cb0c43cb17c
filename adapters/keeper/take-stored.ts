import { systemCall } from '../linux/native.js';
import { isSeccompListener } from '../oci/listener-check.js';
import {
  type DescriptorStorage,
  listenerKey,
  type StoredDescriptor,
  scoreboardName,
  socketName,
} from './descriptor-storage.js';
import type { ListenerBook } from './listener-book.js';

/** What was stored besides listeners. */
export interface TakenBack {
  readonly socket?: number;
  readonly scoreboard?: number;
}

/**
 * Takes what an earlier keeper had stored: listeners by their keys. What nobody knows is closed and
 * forgotten. Returns the socket for runtimes and the injectors' scoreboard, if they are there.
 */
export function takeStored(
  stored: readonly StoredDescriptor[],
  book: ListenerBook,
  storage: DescriptorStorage | undefined,
): TakenBack {
  const taken: { socket?: number; scoreboard?: number } = {};
  for (const { name, descriptor } of stored) {
    const key = listenerKey(name);
    if (name === socketName) taken.socket = descriptor;
    else if (name === scoreboardName) taken.scoreboard = descriptor;
    else if (key === undefined || !isSeccompListener(descriptor) || !book.takeBack(key, descriptor)) {
      systemCall('close', descriptor);
      storage?.remove(name);
    }
  }
  return taken;
}
