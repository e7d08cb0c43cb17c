/** What a service says to systemd, and what systemd keeps for it: sd_notify(3), sd_listen_fds(3). */

export { announceReady } from './announce-ready.js';
export { longestStoredName } from './descriptor-name.js';
export { descriptorStore } from './descriptor-store.js';
export type { Environment } from './environment.js';
export { type NotifyResult, NotifySocket, openNotifySocket } from './notify-socket.js';
export { type NamedDescriptor, receivedDescriptors } from './received-descriptors.js';
export { watchdogIntervalMs } from './watchdog.js';
