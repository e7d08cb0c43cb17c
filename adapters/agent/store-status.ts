import type { StoreState } from '../../core/publishing/published-store.js';
import type { NatsStoreSettings, OpenedStore } from '../host/open-published-store.js';

/** How it is with the event store, for status. */
export interface StoreStatus {
  readonly eventStore: StoreState | 'unavailable';
  /** The stream on NATS, and the sequence up to which this agent knows it. */
  readonly stream?: { readonly name: string; readonly sequence: number; readonly servers: string };
}

export function storeStatus(
  store: OpenedStore | undefined,
  nats: NatsStoreSettings | undefined,
): StoreStatus {
  if (store === undefined) return { eventStore: 'unavailable' };
  if (!('cursor' in store) || nats === undefined) return { eventStore: 'open' };
  const { state, cursor } = store;
  const servers = nats.url.replace(/\/\/[^@/,]*@/g, '//');
  if (cursor === undefined) return { eventStore: state };
  return { eventStore: state, stream: { name: cursor.stream, sequence: cursor.sequence, servers } };
}
