import type { DeputyEvent } from '../events/event.js';

/** Append whatever the stream's version is: for the one publisher, which may resend after a crash. */
export const ANY_VERSION = 'any';

/** Append only if the stream has no event yet. */
export const NO_STREAM = 0;

/** The version that a stream must be at before an append: a number, NO_STREAM or ANY_VERSION. */
export type ExpectedVersion = number | typeof ANY_VERSION;

/** Start at the store's end: only what is appended from now on. */
export const FROM_END = 'end';

/** An event as it is stored. */
export interface StoredEvent {
  /** 1 for the store's first event, one more for each; gaps only where retention dropped events. */
  readonly position: number;
  /** The delegation's id. */
  readonly streamId: string;
  readonly event: DeputyEvent;
}

/** What an append did. */
export interface AppendResult {
  /** The stream's version afterwards. */
  readonly lastVersion: number;
  readonly appended: number;
  /** Events that were stored before and have been ignored: an append is idempotent by event id. */
  readonly duplicates: number;
}

/**
 * The durable stream of events, in four verbs. Implementations pass test/contract/event-store.suite.ts.
 *
 * A stream is one delegation's events, numbered 1..n by their version. An event whose version the stream has
 * reached is a resend of the same event and is ignored. With a numeric expected version the first event is
 * expected + 1 and the events follow each other, else it is DEPUTY_E_STORE_VERSION_CONFLICT and nothing is
 * appended; with ANY_VERSION only ascending versions are asked for, since a repaired journal may have a gap.
 */
export interface EventStore {
  /**
   * Resolves when the events survive the death of this process. All of them are appended or none; after a
   * crash in between a first part of them may be there, and resending the same events completes it.
   */
  append(
    streamId: string,
    events: readonly DeputyEvent[],
    options?: { readonly expectedVersion?: ExpectedVersion },
  ): Promise<AppendResult>;
  /** The stream's events from `fromVersion` on (default 1); none if there is no such stream. */
  readStream(streamId: string, options?: { readonly fromVersion?: number }): AsyncIterable<StoredEvent>;
  /** All events from `fromPosition` on (default 1), to the end as it is when it is reached. */
  readAll(options?: { readonly fromPosition?: number }): AsyncIterable<StoredEvent>;
  /** As readAll, then each further event as it comes; ends when the signal aborts or the store closes. */
  subscribe(options?: {
    readonly fromPosition?: number | typeof FROM_END;
    readonly signal?: AbortSignal;
  }): AsyncIterable<StoredEvent>;
  /** Each stream's last version, for a publisher that starts. */
  lastVersions(): Promise<ReadonlyMap<string, number>>;
  /** Ends subscriptions and releases what is held; a closed store answers DEPUTY_E_ENGINE_CLOSED. */
  close(): Promise<void>;
}
