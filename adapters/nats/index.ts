/** The event stream on NATS JetStream. The only place that imports the package `nats`. */
export { EmbeddedServer, serverUrl } from './embedded-server.js';
export {
  type JetStreamEventStore,
  type JetStreamOptions,
  openJetStreamStore,
} from './jetstream-event-store.js';
export type { NatsSettings, StreamSettings } from './settings.js';
