import { mkdirSync } from 'node:fs';
import { deputyError } from '../../core/errors/deputy-error.js';
import type { DeputyEvent } from '../../core/events/event.js';
import {
  ANY_VERSION,
  type AppendResult,
  type EventStore,
  type ExpectedVersion,
  type FROM_END,
  type StoredEvent,
} from '../../core/ports/event-store.js';
import { planAppend } from '../../core/stores/plan-append.js';
import { EventReader } from './event-reader.js';
import { newline } from './line.js';
import { LineBuffer } from './line-buffer.js';
import { listSegments } from './segment-files.js';
import { SegmentLog } from './segment-log.js';
import { writeError } from './segment-writer.js';

const defaultSegmentBytes = 64 * 1024 * 1024;
const defaultMaximumBytes = 1024 * 1024 * 1024;
const defaultSyncIntervalMs = 1000;

/** How a file event store is opened. */
export interface FileEventStoreOptions {
  /** Made (mode 0700) if it is missing, unless readOnly. */
  readonly directory: string;
  /** For another process than the writer's, of which there is one at a time (the state directory's lock). */
  readonly readOnly?: boolean;
  /** A segment's size at which the next one is begun; at most a quarter of maximumBytes. */
  readonly segmentBytes?: number;
  /** The size of all segments beyond which the oldest are dropped. */
  readonly maximumBytes?: number;
  /** How long an event may wait for fdatasync; 0: only `flush()` and `close()` sync. */
  readonly syncIntervalMs?: number;
}

/** Events of many streams that their maker has serialized already, one behind the other. */
export interface SerializedEvents {
  readonly count: number;
  /** Whole events as JSON in UTF-8, without newlines. */
  readonly bytes: Uint8Array;
  /** Where each event ends in `bytes`. */
  readonly ends: readonly number[];
  readonly streamIds: readonly string[];
  readonly versions: readonly number[];
}

/** An event store in a directory of append-only, checksummed files. */
export interface FileEventStore extends EventStore {
  /** As append with ANY_VERSION, for events of many streams in one write. */
  appendSerialized(
    batch: SerializedEvents,
  ): Promise<{ readonly appended: number; readonly duplicates: number }>;
  /** Resolves when everything appended so far survives a loss of power. */
  flush(): Promise<void>;
}

/**
 * Opens an event store in a directory. The writer cuts off a last line that a crash left unfinished.
 * Throws DEPUTY_E_STATE_DIRECTORY_MISSING (readOnly), DEPUTY_E_STATE_DIRECTORY_UNWRITABLE,
 * DEPUTY_E_DISK_FULL, DEPUTY_E_STORE_CORRUPT.
 */
export async function openFileEventStore(options: FileEventStoreOptions): Promise<FileEventStore> {
  const { directory, maximumBytes = defaultMaximumBytes, segmentBytes = defaultSegmentBytes } = options;
  if (options.readOnly) {
    listSegments(directory);
    return new DirectoryEventStore(directory, undefined, 0);
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw writeError(directory, error);
  }
  const limits = { maximumBytes, segmentBytes: Math.min(segmentBytes, Math.floor(maximumBytes / 4)) };
  const log = await SegmentLog.open(directory, limits);
  return new DirectoryEventStore(directory, log, options.syncIntervalMs ?? defaultSyncIntervalMs);
}

class DirectoryEventStore implements FileEventStore {
  readonly #directory: string;
  readonly #reader: EventReader;
  readonly #log: SegmentLog | undefined;
  readonly #syncIntervalMs: number;
  readonly #lines = new LineBuffer();
  #syncTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(directory: string, log: SegmentLog | undefined, syncIntervalMs: number) {
    this.#directory = directory;
    this.#reader = new EventReader(directory);
    this.#log = log;
    this.#syncIntervalMs = syncIntervalMs;
  }

  async append(
    streamId: string,
    events: readonly DeputyEvent[],
    options: { readonly expectedVersion?: ExpectedVersion } = {},
  ): Promise<AppendResult> {
    const log = this.#writable();
    const last = log.versions.get(streamId);
    const expected = options.expectedVersion ?? ANY_VERSION;
    const fresh = planAppend(streamId, last, events, expected, !log.isTrimmed);
    const lastVersion = fresh.at(-1)?.version ?? last;
    if (fresh.length > 0) {
      this.#lines.clear();
      for (const event of fresh) this.#lines.add(JSON.stringify(event));
      this.#write(log);
      log.versions.set(streamId, lastVersion);
    }
    return { lastVersion, appended: fresh.length, duplicates: events.length - fresh.length };
  }

  async appendSerialized(batch: SerializedEvents) {
    const log = this.#writable();
    const { count, bytes, ends, streamIds, versions } = batch;
    assertLines(batch);
    const appended = new Map<string, number>();
    const lines = this.#lines;
    lines.clear();
    let from = 0;
    for (let index = 0; index < count; index++) {
      const to = ends[index] as number;
      const streamId = streamIds[index] as string;
      const version = versions[index] as number;
      if (version > (appended.get(streamId) ?? log.versions.get(streamId))) {
        appended.set(streamId, version);
        lines.addBytes(bytes, from, to);
      }
      from = to;
    }
    if (lines.count > 0) {
      this.#write(log);
      for (const [streamId, version] of appended) log.versions.set(streamId, version);
    }
    return { appended: lines.count, duplicates: count - lines.count };
  }

  readStream(streamId: string, options: { readonly fromVersion?: number } = {}): AsyncIterable<StoredEvent> {
    return this.#reader.readStream(streamId, options.fromVersion);
  }

  readAll(options: { readonly fromPosition?: number } = {}): AsyncIterable<StoredEvent> {
    return this.#reader.readAll(options.fromPosition);
  }

  subscribe(
    options: { readonly fromPosition?: number | typeof FROM_END; readonly signal?: AbortSignal } = {},
  ): AsyncIterable<StoredEvent> {
    return this.#reader.subscribe(options.fromPosition, options.signal);
  }

  async lastVersions(): Promise<ReadonlyMap<string, number>> {
    this.#reader.assertOpen();
    return this.#log === undefined ? this.#reader.lastVersions() : this.#log.lastVersions();
  }

  async flush(): Promise<void> {
    await this.#writable().sync();
  }

  async close(): Promise<void> {
    this.#reader.close();
    clearTimeout(this.#syncTimer);
    this.#closing ??= this.#log?.close() ?? Promise.resolve();
    await this.#closing;
  }

  #write(log: SegmentLog): void {
    log.append(this.#lines.bytes, this.#lines.count);
    this.#reader.poke();
    this.#scheduleSync(log);
  }

  /** The timer runs only while something waits to be synced, and keeps no process alive. */
  #scheduleSync(log: SegmentLog): void {
    if (this.#syncTimer !== undefined || this.#syncIntervalMs === 0) {
      return;
    }
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      // A failure is kept by the writer, and is what the next append throws.
      log.sync().catch(() => {});
    }, this.#syncIntervalMs);
    this.#syncTimer.unref();
  }

  #writable(): SegmentLog {
    this.#reader.assertOpen();
    if (this.#log === undefined) {
      const detail = 'the store was opened for reading only';
      throw deputyError('DEPUTY_E_STATE_DIRECTORY_UNWRITABLE', { path: this.#directory, detail });
    }
    return this.#log;
  }
}

/** A newline within an event would cut its line in two. */
function assertLines({ count, bytes, ends, streamIds, versions }: SerializedEvents): void {
  const at = bytes.subarray(0, ends[count - 1] ?? 0).indexOf(newline);
  if (at < 0) return;
  const index = ends.findIndex((end) => end > at);
  const problems = 'its JSON has a newline';
  throw deputyError('DEPUTY_E_EVENT_INVALID', { id: `${streamIds[index]}/${versions[index]}`, problems });
}
