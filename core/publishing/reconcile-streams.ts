import type { EventStore } from '../ports/event-store.js';
import type { OpenStreams } from './open-streams.js';

/** What is asked of a store when a publisher has read all that predecessors left. */
export type StoreOfStreams = Pick<EventStore, 'lastVersions' | 'readStream'>;

/**
 * Once all that predecessors left is read: a damaged journal tells less of a stream than the store has, and
 * the stream's next event would get a number that the store takes for a resend. There the store's word
 * counts.
 * `isTrusted`: the journal was read from a checkpoint on, so that only streams that it knows are asked for.
 */
export async function reconcileStreams(
  store: StoreOfStreams,
  streams: OpenStreams,
  isTrusted: boolean,
): Promise<void> {
  const stored = await store.lastVersions();
  const isBehind = (streamId: string): boolean =>
    streams.versionOf(streamId) < (stored.get(streamId) ?? 0) && !streams.hasEnded(streamId);
  const known = streams.list().map(({ delegationId }) => delegationId);
  if (isTrusted && !known.some(isBehind)) return;
  for (const streamId of stored.keys()) {
    if (!isBehind(streamId)) continue;
    streams.forget(streamId);
    for await (const { event } of store.readStream(streamId)) streams.fold(event);
  }
}
