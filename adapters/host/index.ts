/** This machine as a host for an engine: state directory, journal, event store, loops and injector. */

export type { ProcessStatus } from '../keeper/process-status.js';
export { version } from './build.js';
export { systemClock } from './clock.js';
export { type EventHost, type EventHostOptions, openEventHost } from './event-host.js';
export { type Host, type HostOptions, openHost } from './host.js';
export { randomIds } from './ids.js';
export { usedKeys } from './keys-in-use.js';
export { assessShares } from './share-obstacles.js';
