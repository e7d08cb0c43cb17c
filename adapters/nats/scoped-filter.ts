import type { StreamConfig } from 'nats';
import { type EventFilter, filterSubject, subjectPrefix } from '../../core/events/subject.js';
import { isApiError } from './api-error.js';

const ofOneNode = new RegExp(`^${subjectPrefix.replace('.', '\\.')}\\.([^.*>]+)\\.>$`);

/**
 * The subject to filter a stream by. Servers refuse one that could match more than the stream has, so for a
 * node's own stream the node stands in it.
 */
export function scopedFilter(config: Pick<StreamConfig, 'subjects'>, filter: EventFilter): string {
  const subject = filterSubject(filter);
  const [, token] = ofOneNode.exec(config.subjects?.length === 1 ? (config.subjects[0] ?? '') : '') ?? [];
  if (token === undefined || filter.node !== undefined) return subject;
  if (subject === `${subjectPrefix}.>`) return `${subjectPrefix}.${token}.>`;
  return subject.replace(`${subjectPrefix}.*`, `${subjectPrefix}.${token}`);
}

/**
 * Was it said that a stream can't be filtered so? Servers before 2.10 know of an aggregate only whole nodes;
 * whoever reads picks then.
 */
export function isUnfilterable(error: unknown): boolean {
  return isApiError(error, 10093);
}
