import type { EventStore } from '../../core/ports/event-store.js';

/** An event store that is opened after its users began: what they ask waits for it. */
export class DeferredEventStore implements EventStore {
  private resolve: (store: EventStore) => void = () => undefined;
  private readonly opened = new Promise<EventStore>((resolve) => {
    this.resolve = resolve;
  });

  open(store: EventStore): void {
    this.resolve(store);
  }

  async append(...words: Parameters<EventStore['append']>): ReturnType<EventStore['append']> {
    return (await this.opened).append(...words);
  }

  async *readStream(...words: Parameters<EventStore['readStream']>): ReturnType<EventStore['readStream']> {
    yield* (await this.opened).readStream(...words);
  }

  async *readAll(...words: Parameters<EventStore['readAll']>): ReturnType<EventStore['readAll']> {
    yield* (await this.opened).readAll(...words);
  }

  async *subscribe(...words: Parameters<EventStore['subscribe']>): ReturnType<EventStore['subscribe']> {
    yield* (await this.opened).subscribe(...words);
  }

  async lastVersions(): ReturnType<EventStore['lastVersions']> {
    return (await this.opened).lastVersions();
  }

  async close(): Promise<void> {
    return (await this.opened).close();
  }
}
