/** The broker: a process beside a target that opens files by handle for it, and the client of one. */

export { type BrokerHostOptions, type OpenedBrokerHost, openBrokerHost } from './broker-host.js';
export {
  type BrokerClient,
  type BrokerClientOptions,
  connectBroker,
  type NamedFile,
  type OpenedFile,
} from './client.js';
export type { PeerRules } from './peer.js';
export { becomeTarget, type TargetUser } from './privileges.js';
export type { NamedShare } from './shares.js';
