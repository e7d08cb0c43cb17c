import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { HandleUse } from '../request/handle-use.js';

/** A listener that is being served. */
export interface ServedListener {
  readonly key: number;
  setPolicy(policy: ResolvedPolicy): void;
  /**
   * It is for whoever attaches with its key next, as it is: calls go on being answered, and what is heard of
   * it goes to the one who offered it until then.
   */
  offer(): void;
  /** Stops serving and closes the listener. */
  detach(): Promise<void>;
}

export interface AttachOptions {
  readonly delegationId: string;
  /**
   * The number that the listener has in the journal, where it outlives this process; else one is given. What
   * a predecessor left unfinished under that number is finished first. One that is served and was offered is
   * taken over: throws DEPUTY_E_TARGET_GONE where it has hung up since.
   */
  readonly key?: number;
  /** The seccomp listener's descriptor, owned by the service from here on. */
  readonly descriptor: number;
  readonly policy: ResolvedPolicy;
  /** Calls come from within this cgroup, or are refused: a line of /proc/PID/cgroup. */
  readonly cgroup?: string;
  /** Called just before the first request can be answered. */
  readonly onServing: () => void;
  /** No task uses the filter any more. */
  readonly onHangup: () => void;
  readonly onQuarantine: (operation: string, waitedUs: number) => void;
}

/** Answers the requests of seccomp listeners: loops, journal and injector behind one port. */
export interface RequestService {
  /** Why it can't serve here, or undefined when it proved that it can. */
  obstacle(): Promise<string | undefined>;
  attach(options: AttachOptions): Promise<ServedListener>;
  /** Requests of a listener that a predecessor left unfinished. */
  inFlight(key: number): number;
  /** What became of a delegation's requests so far; those of predecessors once the sequencer caught up. */
  counts(delegationId: string): Counts;
  /** How the delegation's target uses handles, as far as this process has seen it; undefined: no call yet. */
  useOf?(delegationId: string): HandleUse | undefined;
  /** Resolves when all requests answered so far are counted and their events stored. */
  settled(): Promise<void>;
}
