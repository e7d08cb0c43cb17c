import type { Logger } from '../../core/ports/logger.js';
import type { DescriptorStorage, StoredDescriptor } from './descriptor-storage.js';
import type { SupervisorConfiguration } from './protocol.js';

/** What a keeper is started with. */
export interface KeeperOptions {
  /** The socket for runtimes; none for `deputy run`, whose one target comes by take(). */
  readonly socketPath?: string;
  readonly allowedUsers?: readonly number[];
  readonly configuration: Omit<SupervisorConfiguration, 'proves' | 'rehearses'>;
  /** The compiled entry of supervisors. */
  readonly supervisorEntry: string;
  readonly standby: boolean;
  /** Keeps descriptors beyond this process's own end; then its end is not that of its targets. */
  readonly storage?: DescriptorStorage;
  /** What an earlier keeper had stored. */
  readonly stored?: readonly StoredDescriptor[];
  /** Gets what another keeper holds, which ends with that: asked when a supervisor is ready to go on. */
  readonly handOver?: () => Promise<readonly StoredDescriptor[]>;
  /** A predecessor served on this machine: calls that wait for this one don't wait for another proof. */
  readonly isProved?: boolean;
  readonly logger: Logger;
}

/** How an agent ended. */
export interface KeeperEnd {
  readonly abandonedTargets: number;
  readonly stuckLoops: number;
}
