/** This machine as a host for an engine: state directory, journal, event store, loops and injector. */

export { version } from './build.js';
export { systemClock } from './clock.js';
export { type Host, type HostOptions, openHost, type ProcessStatus } from './host.js';
export { randomIds } from './ids.js';
