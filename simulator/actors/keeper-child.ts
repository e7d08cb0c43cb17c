import type { ModelProcess } from '../kernel/process.js';
import type { KeptListener } from './agent-link.js';
import type { ModelSupervisor } from './supervisor.js';

/** A supervisor as its keeper has it. */
export interface Child {
  readonly id: number;
  readonly process: ModelProcess;
  readonly supervisor: ModelSupervisor;
  readonly startedAtUs: number;
  beats: number;
  /** By listener key: the descriptor that it was sent, while it has not come. */
  readonly sent: Set<number>;
}

/** A listener that the keeper holds. */
export interface Held extends KeptListener {
  readonly descriptor: number;
}
