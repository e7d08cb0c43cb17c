import type { Policy } from '../../core/policy/schema.js';
import type { StreamPort } from '../../core/ports/stream.js';
import type { Handler } from '../../core/steps/handler.js';
import type { StepTable } from '../../core/steps/step.js';
import type { StreamService } from '../jetstream/stream-service.js';
import type { ListenerEnd } from '../kernel/filter.js';
import type { ModelProcess } from '../kernel/process.js';
import type { Generator } from '../random/generator.js';
import type { Setup } from '../scenario/scenario-schema.js';
import type { ModelEventStore } from '../storage/event-store.js';
import type { World } from '../world/world.js';
import type { ContainerState } from './agent-link.js';
import type { InjectorService } from './injector-service.js';
import type { ModelSupervisor } from './supervisor.js';

/** What every agent of a run shares. */
export interface AgentParts {
  readonly world: World;
  readonly setup: Setup;
  readonly policy: Policy;
  readonly store: ModelEventStore;
  /** The stream that events go to instead, where the setup has one. */
  readonly stream: StreamService | undefined;
  readonly mutateStream: (port: StreamPort) => StreamPort;
  readonly ids: Generator;
  /** Users that targets' own user namespaces map, where they have some. */
  readonly mappedUsers: readonly number[];
  readonly tableOf: (handler: Handler) => StepTable;
  /** Numbers for the names of processes, one more each time. */
  readonly nextNumber: (kind: string) => number;
  readonly injectors: InjectorService | undefined;
  /** What is known of listeners, in files: it outlives the keeper. */
  readonly book: Map<number, { state: ContainerState; note?: { delegationId: string; strategy: string } }>;
}

/** A descriptor that outlives a keeper, by its name. */
export interface StoredListener {
  readonly key: number;
  readonly listener: ListenerEnd;
}

/** An agent: whoever holds listeners, and has them served. */
export interface Agent {
  /** Its main process, whose end is the agent's. */
  readonly process: ModelProcess;
  /** A runtime hands a container over. The listener's first descriptor goes to the agent. */
  take(state: ContainerState, listener: ListenerEnd): void;
  readonly supervisors: readonly ModelSupervisor[];
  /** The one that serves. */
  readonly active: ModelSupervisor | undefined;
  /** Ends all of it at once. */
  kill(): void;
}
