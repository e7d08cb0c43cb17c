import type { Policy } from '../../../core/policy/schema.js';
import type { PayloadSpec } from '../../../core/ports/payload.js';
import type { CommandStep, DispatchStep } from '../../../strategies/dispatcher/index.js';
import type { ProcessTree } from '../../processes/process-tree.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { Scenario } from '../../scenario/scenario-schema.js';
import type { World } from '../../world/world.js';
import type { ContainerLife, ModelContainer } from './container.js';
import type { FormerWay } from './former-ways.js';
import type { OldWay } from './old-ways.js';
import type { PayloadFolder, PayloadFolders } from './payload-folder.js';
import type { ModelShim } from './shim.js';

/** A process in a container that was told to become the payload of a delegation. */
export interface ModelPayload {
  readonly process: TreeProcess;
  /** It did. One that is killed before it can looks to its shim as if it had. */
  isExecuted: boolean;
  readonly life: ContainerLife;
  readonly containerId: string;
  /** The version of the program, and that of its flags. */
  readonly version: number;
  readonly flagsVersion: number;
}

/** What everybody shares who plays in a dispatch. */
export interface DispatchParts {
  readonly world: World;
  readonly tree: ProcessTree;
  readonly scenario: Scenario;
  readonly policy: Policy;
  readonly spec: PayloadSpec;
  readonly oldWays: ReadonlySet<OldWay>;
  readonly formerWays: ReadonlySet<FormerWay>;
  /** The real steps of the command and of the strategy; other ones for mutations. */
  readonly commandSteps: readonly CommandStep[];
  readonly dispatchSteps: readonly DispatchStep[];
  readonly folders: PayloadFolders;
  readonly containers: Map<string, ModelContainer>;
  /** Everything that was ever told to become a payload, in its order. */
  readonly payloads: ModelPayload[];
  /** Processes that deputy put into a container, executed or not, and those that put them there. */
  readonly started: Set<TreeProcess>;
  readonly shims: { readonly self: TreeProcess; readonly shim: ModelShim; readonly folder: PayloadFolder }[];
  readonly nextNumber: (kind: string) => number;
  /** The program of a payload runs. */
  readonly runPayload: (payload: ModelPayload) => void;
}
