import { deputyError } from '../errors/deputy-error.js';
import type { DeputyEvent } from '../events/event.js';
import {
  ANY_VERSION,
  type AppendResult,
  type EventStore,
  type ExpectedVersion,
  FROM_END,
  type StoredEvent,
} from '../ports/event-store.js';
import { planAppend } from './plan-append.js';

/** The reference implementation of an event store: everything in memory, for tests and the simulator. */
export class InMemoryEventStore implements EventStore {
  readonly #events: StoredEvent[] = [];
  readonly #versions = new Map<string, number>();
  readonly #wakeSubscribers = new Set<() => void>();
  #closed = false;

  async append(
    streamId: string,
    events: readonly DeputyEvent[],
    options: { readonly expectedVersion?: ExpectedVersion } = {},
  ): Promise<AppendResult> {
    this.#assertOpen();
    const last = this.#versions.get(streamId) ?? 0;
    const fresh = planAppend(streamId, last, events, options.expectedVersion ?? ANY_VERSION);
    for (const event of fresh) {
      const copy = JSON.parse(JSON.stringify(event)) as DeputyEvent;
      this.#events.push({ position: this.#events.length + 1, streamId, event: copy });
    }
    const lastVersion = fresh.at(-1)?.version ?? last;
    if (fresh.length > 0) {
      this.#versions.set(streamId, lastVersion);
      this.#wake();
    }
    return { lastVersion, appended: fresh.length, duplicates: events.length - fresh.length };
  }

  async *readStream(streamId: string, options: { readonly fromVersion?: number } = {}) {
    const fromVersion = options.fromVersion ?? 1;
    for await (const stored of this.readAll()) {
      if (stored.streamId === streamId && stored.event.version >= fromVersion) {
        yield stored;
      }
    }
  }

  async *readAll(options: { readonly fromPosition?: number } = {}): AsyncGenerator<StoredEvent> {
    this.#assertOpen();
    for (let index = Math.max(1, options.fromPosition ?? 1) - 1; index < this.#events.length; index += 1) {
      yield this.#events[index] as StoredEvent;
    }
  }

  async *subscribe(
    options: { readonly fromPosition?: number | typeof FROM_END; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<StoredEvent> {
    this.#assertOpen();
    const { fromPosition = 1, signal } = options;
    let index = fromPosition === FROM_END ? this.#events.length : Math.max(1, fromPosition) - 1;
    while (!this.#closed && !signal?.aborted) {
      const stored = this.#events[index];
      if (stored === undefined) {
        await this.#change(signal);
      } else {
        index += 1;
        yield stored;
      }
    }
  }

  async lastVersions(): Promise<ReadonlyMap<string, number>> {
    this.#assertOpen();
    return new Map(this.#versions);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the event store is closed' });
    }
  }

  #wake(): void {
    for (const wake of [...this.#wakeSubscribers]) {
      wake();
    }
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakeSubscribers.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakeSubscribers.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
