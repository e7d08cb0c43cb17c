import type { AgentParts, StoredListener } from './agent.js';

/** What a keeper is made with. */
export interface KeeperParts extends AgentParts {
  /** Listeners of an earlier keeper. */
  readonly stored: readonly StoredListener[];
  /** Another agent is running that this one replaces: asked to hand over once this one is ready. */
  readonly handOver?: () => readonly StoredListener[] | undefined;
  /** Told of each listener, where something stores descriptors beyond this process. */
  readonly storage?: { store(listener: StoredListener): void; remove(key: number): void };
}
