import type { StoredUse } from '../request/handle-use.js';
import type { ListenerIdentity } from './listener-identity.js';
import type { StoredStream } from './open-streams.js';
import type { Summary } from './summaries.js';

/**
 * What the publisher knew when it had published all before `position`: where a successor starts to read the
 * journal, instead of at its beginning. What was published behind it is published again, and the store takes
 * it for the resend that it is.
 */
export interface Checkpoint {
  readonly format: 1;
  /** The first ticket that is not in it. */
  readonly position: number;
  readonly streams: readonly StoredStream[];
  readonly listeners: readonly ListenerIdentity[];
  /** The last event that was made: the store has it, and so all before it, unless it lost what it had. */
  readonly last?: LastEvent | undefined;
  /** Seconds that were not over. */
  readonly summaries?: readonly Summary[] | undefined;
  /** How delegations whose streams are open used handles until then. */
  readonly uses?: readonly StoredUse[] | undefined;
  /** Where the end of a stream was; absent for a store that is known by its events' numbers alone. */
  readonly cursor?: StoreCursor | undefined;
}

/** A place in a stream that may be made anew, or lose its end. */
export interface StoreCursor {
  readonly stream: string;
  /** When the stream was made. */
  readonly created: string;
  readonly sequence: number;
  /** The event there; absent where the stream was empty. */
  readonly id?: string | undefined;
}

/** An event, by its stream and its number there. */
export interface LastEvent {
  readonly streamId: string;
  readonly version: number;
}

/**
 * Has the store lost events that it had when the checkpoint was written? After a loss of power the checkpoint
 * may be on the disk and the end of the store not; the journal has what is missing.
 */
export function isAheadOfStore({ last }: Checkpoint, versions: ReadonlyMap<string, number>): boolean {
  return last !== undefined && (versions.get(last.streamId) ?? 0) < last.version;
}
