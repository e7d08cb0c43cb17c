/**
 * Every event type, and the version of its schema that is written today. Whoever writes events needs no more
 * of them; the schemas themselves stand in the registry.
 */
export const eventVersions = {
  'delegation.requested': 1,
  'delegation.assessed': 1,
  'delegation.admitted': 1,
  'delegation.refused': 1,
  'delegation.establishing': 1,
  'delegation.active': 1,
  'delegation.recovering': 1,
  'delegation.releasing': 1,
  'delegation.released': 1,
  'delegation.failed': 1,
  'delegation.fellback': 1,
  'delegation.quarantined': 1,
  'delegation.degraded': 1,
  'request.answered': 1,
  'request.refused': 1,
  'request.cancelled': 1,
  'request.lost': 1,
  'request.summary': 1,
  'delegation.snapshot': 1,
} as const;

/** The name of an event type, such as 'request.answered'. */
export type EventType = keyof typeof eventVersions;

/** The types in the order of the registry. */
export const eventTypes = Object.keys(eventVersions) as readonly EventType[];

/** Is this string the name of a known event type? */
export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventVersions, type);
}
