/** This machine as a host for an engine: state directory, journal, event store, loops and injector. */
export { type Host, type HostOptions, openHost, type ProcessStatus } from './host.js';
export { systemClock } from './clock.js';
export { randomIds } from './ids.js';
export { version } from './build.js';
