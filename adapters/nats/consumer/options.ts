import type { EventType } from '../../../core/events/event-versions.js';
import type { EventFilter } from '../../../core/events/subject.js';
import type { NatsSettings } from '../settings.js';

/** All types of a kind, by its name. */
export type EventKind = 'delegation' | 'request';

/** The types that a filter lets through. */
export type TypesOf<Wanted> = Wanted extends EventKind
  ? Extract<EventType, `${Wanted}.${string}`>
  : Wanted extends EventType
    ? Wanted
    : EventType;

/** Which events, from where, and how they are acknowledged. */
export interface ConsumerOptions<Wanted extends EventType | EventKind = EventType>
  extends NatsSettings,
    Omit<EventFilter, 'type'> {
  /** One type, or a kind; filtered at the server, as node, tenant and delegationId are. */
  readonly type?: Wanted;
  /** The stream to read; default is that of `node`. An aggregate of several nodes has a name of its own. */
  readonly stream?: string;
  /** A name under which the server keeps the place: what was acknowledged doesn't come again. */
  readonly durable?: string;
  /** Where a new one begins. Default: the start. */
  readonly from?: 'start' | 'new' | { readonly sequence: number } | { readonly time: Date };
  /** How long an event may be worked on before it comes again. Default 30 s. */
  readonly acknowledgeWithinMs?: number;
  /** Events that may be worked on at once. Default 256. */
  readonly unacknowledged?: number;
  /** An event that was delivered this often goes to the dead letters. Default 5; 0: never. */
  readonly deliveries?: number;
  /** Where what can't be read goes, or fails on and on. Default `deputy.dead.STREAM.DURABLE`. */
  readonly deadLetterSubject?: string;
  /** Hears of each dead letter. */
  readonly onDeadLetter?: (reason: string, sequence: number) => void;
}
