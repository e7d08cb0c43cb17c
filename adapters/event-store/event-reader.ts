import { deputyError } from '../../core/errors/deputy-error.js';
import { FROM_END, type StoredEvent } from '../../core/ports/event-store.js';
import { ChangeWaiter } from './change-waiter.js';
import { listSegments } from './segment-files.js';
import { readSegmentIndex, scanSegment } from './segment-index.js';
import { SegmentWalker, type SkipSegment } from './segment-walker.js';

const pollIntervalMs = 100;

/** The reading side of a directory of segments; works the same in the writing process and in any other. */
export class EventReader {
  readonly #directory: string;
  readonly #waiters = new Set<ChangeWaiter>();
  #isClosed = false;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async *readStream(streamId: string, fromVersion = 1): AsyncGenerator<StoredEvent> {
    const skipSegment: SkipSegment = (segment) => readSegmentIndex(segment)?.versions.has(streamId) === false;
    for await (const stored of this.#walk(1, skipSegment)) {
      if (stored.streamId === streamId && stored.event.version >= fromVersion) {
        yield stored;
      }
    }
  }

  readAll(fromPosition = 1): AsyncGenerator<StoredEvent> {
    return this.#walk(fromPosition);
  }

  async *subscribe(
    fromPosition: number | typeof FROM_END = 1,
    signal?: AbortSignal,
  ): AsyncGenerator<StoredEvent> {
    this.assertOpen();
    const waiter = new ChangeWaiter(this.#directory, pollIntervalMs);
    const walker = new SegmentWalker(this.#directory, fromPosition === FROM_END ? 1 : fromPosition);
    const wake = () => waiter.poke();
    const isOver = () => this.#isClosed || signal?.aborted === true;
    this.#waiters.add(waiter);
    signal?.addEventListener('abort', wake);
    try {
      if (fromPosition === FROM_END) {
        await walker.skipToEnd();
      }
      while (!isOver()) {
        const events = await walker.next();
        for (const stored of events) {
          if (isOver()) {
            return;
          }
          yield stored;
        }
        if (events.length === 0 && !isOver()) {
          await waiter.wait();
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake);
      this.#waiters.delete(waiter);
      waiter.close();
      await walker.close();
    }
  }

  /** Each stream's last version, read from the files. */
  async lastVersions(): Promise<Map<string, number>> {
    this.assertOpen();
    const versions = new Map<string, number>();
    const segments = listSegments(this.#directory);
    const last = segments.at(-1);
    for (const segment of segments) {
      const index =
        (segment === last ? undefined : readSegmentIndex(segment)) ?? (await scanSegment(segment));
      for (const [streamId, version] of index.versions) {
        versions.set(streamId, version);
      }
    }
    return versions;
  }

  /** Tells subscribers in this process that there is something new, sooner than the file system would. */
  poke(): void {
    for (const waiter of this.#waiters) {
      waiter.poke();
    }
  }

  assertOpen(): void {
    if (this.#isClosed) {
      throw deputyError('DEPUTY_E_ENGINE_CLOSED', { detail: 'the event store is closed' });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.poke();
  }

  async *#walk(fromPosition: number, skipSegment?: SkipSegment): AsyncGenerator<StoredEvent> {
    this.assertOpen();
    const walker = new SegmentWalker(this.#directory, fromPosition, skipSegment);
    try {
      for (let events = await walker.next(); events.length > 0; events = await walker.next()) {
        yield* events;
      }
    } finally {
      await walker.close();
    }
  }
}
