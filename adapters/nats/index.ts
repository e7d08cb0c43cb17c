/** The event stream on NATS JetStream. The only place that imports the package `nats`. */

export { type AggregateOptions, makeAggregate } from './aggregate.js';
export { EmbeddedServer, serverUrl } from './embedded-server.js';
export {
  type JetStreamEventStore,
  type JetStreamOptions,
  openJetStreamStore,
} from './jetstream-event-store.js';
export { keepOverview } from './keep-overview.js';
export { type ReadEventsOptions, readEvents } from './read-events.js';
export type { NatsSettings, StreamSettings } from './settings.js';
