import type { EventData, EventType } from '../events/registry.js';
import type { Counts } from '../events/vocabulary.js';
import type { DelegationStateName } from '../machines/delegation-life.js';

/** An event before it has its place: the sequencer gives version, time, node and epoch. */
export interface EventDraft<Type extends EventType = EventType> {
  readonly type: Type;
  readonly delegationId: string;
  readonly tenant: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly data: EventData<Type>;
}

/**
 * The one order of all events. What is appended survives the death of this process at once (the journal); it
 * reaches the event store a little later.
 */
export interface Sequencer {
  /** Puts an event into the order: its ticket. */
  append<Type extends EventType>(draft: EventDraft<Type>): number;
  /** Resolves when the event store has the event of this ticket and all before it. */
  published(ticket: number): Promise<void>;
  /**
   * Resolves when everything that predecessors left in the order is counted and in the event store: the
   * streams that they left open, at that moment. At once where there was no predecessor.
   */
  caughtUp(): Promise<readonly OpenStream[]>;
}

/** A delegation's stream that has not ended. */
export interface OpenStream {
  readonly delegationId: string;
  readonly tenant: string;
  readonly state: DelegationStateName;
  readonly counts: Counts;
}
