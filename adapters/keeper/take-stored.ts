import { systemCall } from '../linux/native.js';
import { isSeccompListener } from '../oci/listener-check.js';
import {
  type DescriptorStorage,
  listenerKey,
  type StoredDescriptor,
  socketName,
} from './descriptor-storage.js';
import type { ListenerBook } from './listener-book.js';

/**
 * Takes what an earlier keeper had stored: listeners by their keys. What nobody knows is closed and forgotten.
 * Returns the socket for runtimes, if there is one.
 */
export function takeStored(
  stored: readonly StoredDescriptor[],
  book: ListenerBook,
  storage: DescriptorStorage | undefined,
): number | undefined {
  let socket: number | undefined;
  for (const { name, descriptor } of stored) {
    const key = listenerKey(name);
    if (name === socketName) socket = descriptor;
    else if (key === undefined || !isSeccompListener(descriptor) || !book.takeBack(key, descriptor)) {
      systemCall('close', descriptor);
      storage?.remove(name);
    }
  }
  return socket;
}
