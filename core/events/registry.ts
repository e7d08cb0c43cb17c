import type { z } from 'zod';
import * as lifecycle from './lifecycle-data.js';
import * as request from './request-data.js';

/** Brings data of an older version to the current one; never called with the current version. */
export type Upcast = (data: unknown, fromVersion: number) => unknown;

/** What is known of an event type. */
export interface EventDefinition<Schema extends z.ZodType = z.ZodType> {
  /** The schema's version: the one that is written today. */
  readonly version: number;
  readonly schema: Schema;
  /** Absent while there is only one version. */
  readonly upcast?: Upcast;
}

/** Every event type, its current version and the schema of its data. */
export const eventRegistry = {
  'delegation.requested': { version: 1, schema: lifecycle.requestedSchema },
  'delegation.assessed': { version: 1, schema: lifecycle.assessedSchema },
  'delegation.admitted': { version: 1, schema: lifecycle.admittedSchema },
  'delegation.refused': { version: 1, schema: lifecycle.delegationRefusedSchema },
  'delegation.establishing': { version: 1, schema: lifecycle.establishingSchema },
  'delegation.active': { version: 1, schema: lifecycle.activeSchema },
  'delegation.recovering': { version: 1, schema: lifecycle.recoveringSchema },
  'delegation.releasing': { version: 1, schema: lifecycle.releasingSchema },
  'delegation.released': { version: 1, schema: lifecycle.releasedSchema },
  'delegation.failed': { version: 1, schema: lifecycle.failedSchema },
  'delegation.fellback': { version: 1, schema: lifecycle.fellbackSchema },
  'delegation.quarantined': { version: 1, schema: lifecycle.quarantinedSchema },
  'request.answered': { version: 1, schema: request.answeredSchema },
  'request.refused': { version: 1, schema: request.refusedSchema },
  'request.cancelled': { version: 1, schema: request.cancelledSchema },
  'request.lost': { version: 1, schema: request.lostSchema },
} as const satisfies Record<string, EventDefinition>;

type Registry = typeof eventRegistry;

/** The name of an event type, such as 'request.answered'. */
export type EventType = keyof Registry;

/** The data of an event type, at its current version. */
export type EventData<Type extends EventType> = z.output<Registry[Type]['schema']>;

/** The types in the order of the registry. */
export const eventTypes = Object.keys(eventRegistry) as readonly EventType[];

/** Is this string the name of a known event type? */
export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventRegistry, type);
}

/** The definition of a type, widened to its common shape. */
export function eventDefinition(type: EventType): EventDefinition {
  return eventRegistry[type];
}
