import type { BrokerCast } from '../actors/broker/broker-cast.js';
import type { Cast } from '../actors/cast.js';
import type { ChainCast } from '../actors/chain/chain-cast.js';
import type { DispatchCast } from '../actors/dispatch/dispatch-cast.js';
import type { HandleBook } from '../actors/handle-book.js';
import type { TargetProgram } from '../actors/target.js';
import type { ModelThread } from '../kernel/process.js';
import type { Scenario, Setup } from '../scenario/scenario-schema.js';
import type { World } from '../world/world.js';
import type { WorldWatch } from '../world/world-watch.js';

/** What was found wrong: where the run was, and what shows it. */
export interface Violation {
  readonly invariant: string;
  readonly sentence: string;
  readonly point: number;
  readonly timeUs: number;
  /** The entry of the trace that tells of it; 0 where there is no trace. */
  readonly sequence: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What there is wherever calls are answered for targets. */
export interface Answering {
  readonly targets: readonly TargetProgram[];
  readonly handles: HandleBook;
  readonly isDone: boolean;
  /** A thread was told that nobody knows how its call went: an error that the broker's protocol has. */
  isUncertain?(thread: ModelThread): boolean;
}

/** What an invariant may look at; it changes nothing. */
export interface Stage {
  readonly world: World;
  /** Who plays where calls are answered; throws where another strategy is at work. */
  readonly cast: Cast;
  /** Whoever answers calls, by listener or by a broker's socket; throws elsewhere. */
  readonly answering: Answering;
  /** Who plays where a broker serves; throws elsewhere. */
  readonly broker: BrokerCast;
  /** Who plays where the dispatcher is at work; throws elsewhere. */
  readonly dispatch: DispatchCast;
  /** Who plays where it is about the choice between strategies; throws elsewhere. */
  readonly chain: ChainCast;
  readonly targets: readonly TargetProgram[];
  readonly scenario: Scenario;
}

/**
 * One thing that always holds. `begin` makes its memory of one run and tells what it looks at; safety is
 * reported as it breaks, liveness in `finished`, when all faults are over and the world had time to heal.
 */
export interface Invariant {
  readonly id: string;
  readonly sentence: string;
  /** What it is about: the one strategy; with any if not given. */
  readonly strategy?: Setup['strategy'];
  readonly begin: (
    stage: () => Stage,
    broken: (detail: Readonly<Record<string, unknown>>) => void,
  ) => WorldWatch;
}
