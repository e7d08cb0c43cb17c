import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { HandleUse } from '../request/handle-use.js';
import type { Logger } from './logger.js';

/** What a host controller knows of the container that is to be served. */
export interface Target {
  readonly containerId: string;
  /** No runtime gave it this id, so that it need not be the cgroup's: its own word, or deputy's. */
  readonly isNamedByDeputy?: boolean;
  /** A process of the container, in deputy's pid namespace. */
  readonly processId?: number;
  /** Which life of the container this is: how often it has been started again under its id. */
  readonly restartCount?: number;
  /** Where the kernel has that process: a line of its /proc/PID/cgroup; none when it is in no cgroup. */
  readonly cgroup?: string;
  /** There is no such process. */
  readonly isMissing?: boolean;
  /** The runtime's `listenerMetadata`. */
  readonly metadata?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** A seccomp listener that came with the target; the engine owns it from delegate() on. */
  readonly listener?: number;
  /** The listener's number, where whoever holds it gave one that outlives this process. */
  readonly listenerKey?: number;
}

/** What a strategy says of a target before anything is done. */
export interface Assessment {
  readonly possible: boolean;
  readonly reasons: readonly string[];
}

/** What a preflight says of a target's shares. */
export interface ShareAssessment {
  /** False when there is none that could be served. */
  readonly servable: boolean;
  /** What of them can't be, and why. */
  readonly reasons: readonly string[];
}

/** What an established strategy tells the engine. */
export interface EstablishmentHooks {
  /**
   * Everything is in place: called just before the first request can be answered, so that events are in
   * order.
   */
  serving(): void;
  /**
   * The target is gone. Or, with an error, the strategy can't go on although the target is there: another
   * one then takes its place, at once or when the target starts next. Called once.
   */
  ended(reason: string, error?: Error): void;
  /** A step on the way to `serving`, with what it saw; each is an event. */
  stepped?(step: string, evidence: Readonly<Record<string, string>>): void;
  /** One request keeps everybody waiting and was set apart. */
  quarantined(operation: string, waitedUs: number): void;
}

export interface EstablishContext {
  readonly delegationId: string;
  readonly target: Target;
  readonly policy: ResolvedPolicy;
  readonly logger: Logger;
  readonly hooks: EstablishmentHooks;
}

/** A strategy at work for one delegation. */
export interface Establishment {
  /** Serves a further entry to the same target (an `exec` session's listener). */
  join(target: Target): Promise<void>;
  /** Uses another policy from now on. */
  setPolicy(policy: ResolvedPolicy): void;
  /** Stops serving. The target's later calls fail as they would without deputy. */
  release(): Promise<void>;
  /**
   * Lets a strategy with the same answerer have its listeners: the ways in that are left, with their numbers.
   * They are served all the while, and their calls are the delegation's. Says nothing of an end from then on.
   * A release() after it closes those listeners. Whoever lacks it is replaced when its target starts next.
   */
  letGo?(): Promise<readonly Target[]>;
  /**
   * The delegation's last event is in the event store: what was kept so that a successor could tell of the
   * end may go. Never called before that; a process that dies in between leaves it to its successor.
   */
  forget?(): Promise<void>;
  counts(): Counts;
  /** How the target uses handles; without it that isn't known, as of one that makes its calls itself. */
  use?(): HandleUse | undefined;
  /** How many ways in there are (listeners), for status. */
  readonly entries: number;
}

/**
 * A way to exercise an ability for a target. Strategies are data plus these functions; the core never looks
 * at a strategy's name.
 */
export interface Strategy {
  readonly name: string;
  /**
   * What answers the calls of a target's listener, with its journal and keys; absent where none are answered.
   * Strategies that have the same object can take each other's place while a target runs.
   */
  readonly answerer?: object;
  /** What it needs, as data: a preflight reads it. */
  readonly needs: {
    readonly capabilities: readonly string[];
    readonly syscalls: readonly string[];
    readonly ports: readonly string[];
  };
  /** Fields of the policy that it can hold a target to. */
  readonly enforces: readonly string[];
  /** The same for one target, where that makes a difference; else `enforces` holds for all. */
  enforcesFor?(target: Target): readonly string[];
  /** What of a policy it can't serve under, whatever the target and the machine; undefined: nothing. */
  unfitFor?(policy: ResolvedPolicy): string | undefined;
  assess(target: Target, policy: ResolvedPolicy): Promise<Assessment>;
  establish(context: EstablishContext): Promise<Establishment>;
}
