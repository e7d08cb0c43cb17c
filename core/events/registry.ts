import type { z } from 'zod';
import { type EventType, eventVersions } from './event-versions.js';
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

/** The definition of a type of which there has been one version only. */
function first<Schema extends z.ZodType>(version: 1, schema: Schema) {
  return { version, schema };
}

/** Every event type, its current version and the schema of its data. */
export const eventRegistry = {
  'delegation.requested': first(eventVersions['delegation.requested'], lifecycle.requestedSchema),
  'delegation.assessed': first(eventVersions['delegation.assessed'], lifecycle.assessedSchema),
  'delegation.admitted': first(eventVersions['delegation.admitted'], lifecycle.admittedSchema),
  'delegation.refused': first(eventVersions['delegation.refused'], lifecycle.delegationRefusedSchema),
  'delegation.establishing': first(eventVersions['delegation.establishing'], lifecycle.establishingSchema),
  'delegation.active': first(eventVersions['delegation.active'], lifecycle.activeSchema),
  'delegation.recovering': first(eventVersions['delegation.recovering'], lifecycle.recoveringSchema),
  'delegation.releasing': first(eventVersions['delegation.releasing'], lifecycle.releasingSchema),
  'delegation.released': first(eventVersions['delegation.released'], lifecycle.releasedSchema),
  'delegation.failed': first(eventVersions['delegation.failed'], lifecycle.failedSchema),
  'delegation.fellback': first(eventVersions['delegation.fellback'], lifecycle.fellbackSchema),
  'delegation.quarantined': first(eventVersions['delegation.quarantined'], lifecycle.quarantinedSchema),
  'delegation.degraded': first(eventVersions['delegation.degraded'], lifecycle.degradedSchema),
  'request.answered': first(eventVersions['request.answered'], request.answeredSchema),
  'request.refused': first(eventVersions['request.refused'], request.refusedSchema),
  'request.cancelled': first(eventVersions['request.cancelled'], request.cancelledSchema),
  'request.lost': first(eventVersions['request.lost'], request.lostSchema),
  'request.summary': first(eventVersions['request.summary'], request.summarySchema),
  'delegation.snapshot': first(eventVersions['delegation.snapshot'], lifecycle.snapshotSchema),
} as const satisfies Record<EventType, EventDefinition>;

export type { EventType };

/** The data of an event type, at its current version. */
export type EventData<Type extends EventType> = z.output<(typeof eventRegistry)[Type]['schema']>;

/** The definition of a type, widened to its common shape. */
export function eventDefinition(type: EventType): EventDefinition {
  return eventRegistry[type];
}
