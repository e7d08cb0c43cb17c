import type { JetStreamManager, NatsConnection } from 'nats';
import { headerName, headerText } from '../../core/events/cloud-event.js';
import type { DeputyEvent } from '../../core/events/event.js';
import { type EventFilter, filterSubject, streamName } from '../../core/events/subject.js';
import { upcastStoredEvent } from '../../core/events/validate-event.js';
import type { StoredEvent } from '../../core/ports/event-store.js';
import { eventOfId } from '../../core/stream/stored-versions.js';
import { isNoMessage } from './jetstream-port.js';
import { type ReadOptions, readMessages } from './read-messages.js';

/** Reads a node's stream as stored events. */
export class StreamReader {
  private readonly stop = new AbortController();

  constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly node: string,
  ) {}

  /** From a position to the end as it is when it is reached. */
  async *read(from: number, filter?: EventFilter): AsyncGenerator<StoredEvent> {
    const { state } = await this.manager.streams.info(streamName(this.node));
    if (state.last_seq < from) return;
    yield* this.events({ from, ...this.filterOf(filter) });
  }

  /** And on, as events come. */
  follow(from: number | 'new', signal?: AbortSignal): AsyncGenerator<StoredEvent> {
    const either = signal === undefined ? this.stop.signal : AbortSignal.any([this.stop.signal, signal]);
    return this.events({ from, follow: true, signal: either });
  }

  close(): void {
    this.stop.abort();
  }

  private async *events(options: Omit<ReadOptions, 'stream'>): AsyncGenerator<StoredEvent> {
    const stream = streamName(this.node);
    for await (const message of readMessages(this.connection, { stream, ...options })) {
      const event = upcastStoredEvent(message.json<DeputyEvent>());
      yield { position: message.seq, streamId: event.delegationId, event };
    }
  }

  private filterOf(filter: EventFilter | undefined): { filter?: string } {
    return filter === undefined ? {} : { filter: filterSubject({ node: this.node, ...filter }) };
  }
}

/** The last version of a delegation's stream; 0 where there is none. */
export async function lastVersionOf(
  manager: JetStreamManager,
  node: string,
  streamId: string,
): Promise<number> {
  const subject = filterSubject({ node, delegationId: streamId });
  try {
    const message = await manager.streams.getMessage(streamName(node), { last_by_subj: subject });
    return eventOfId(headerText(message.header?.get(headerName.messageId) ?? ''))?.version ?? 0;
  } catch (error) {
    if (isNoMessage(error)) return 0;
    throw error;
  }
}
