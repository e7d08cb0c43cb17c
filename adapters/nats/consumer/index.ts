/** For services that listen to deputy's events: works on any system, and loads no native code. */
export { DeputyError, isDeputyError } from '../../../core/errors/deputy-error.js';
export type { DeputyEvent, EventOf } from '../../../core/events/event.js';
export { type EventType, eventTypes } from '../../../core/events/event-versions.js';
export type { EventData } from '../../../core/events/registry.js';
export { type EventFilter, filterSubject, streamName } from '../../../core/events/subject.js';
export { validateEvent } from '../../../core/events/validate-event.js';
export type { Delivery } from '../../../core/ports/consuming.js';
export type { NatsSettings } from '../settings.js';
export { type EventConsumer, openConsumer } from './event-consumer.js';
export type { ConsumerOptions, EventKind, TypesOf } from './options.js';
