import type { ResolvedPolicy } from '../../../core/policy/match.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import type { World } from '../../world/world.js';
import type { ContainerLife } from '../dispatch/container.js';
import type { DispatchLog } from '../dispatch/dispatch-log.js';
import type { DispatchParts } from '../dispatch/dispatch-parts.js';
import type { ChainMachine, PodAnswer } from './machine.js';
import type { ChainOldWay } from './old-ways.js';

/**
 * The seccomp listener of one life of a container. Whoever started the engine holds it as well, so that it
 * outlives the engine's process; closed, it is for good, and the target's calls give ENOSYS.
 */
export interface ChainListener {
  readonly life: ContainerLife;
  isOpen: boolean;
  /** The process that answers it. */
  answerer: TreeProcess | undefined;
}

/** The broker's socket of one life of a container: there, and answered by a process. */
export interface ChainSocket {
  readonly life: ContainerLife;
  answerer: TreeProcess | undefined;
  isServing: boolean;
}

/** What everybody shares who plays in a scenario about the choice between strategies. */
export interface ChainParts {
  readonly world: World;
  readonly scenario: Scenario;
  readonly machine: ChainMachine;
  /** Containers and payloads, as where the dispatcher is at work. */
  readonly dispatch: DispatchParts;
  readonly log: DispatchLog;
  readonly pod: PodAnswer;
  /** By life, the latest last. */
  readonly listeners: ChainListener[];
  readonly sockets: ChainSocket[];
  readonly oldWays: ReadonlySet<ChainOldWay>;
  /** Strategies that have said that they can't go on: once each, where the scenario has it. */
  readonly broken: Set<string>;
  /** The policy of the target as it is at this moment. */
  readonly policyNow: () => ResolvedPolicy;
}
