import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';

/** A listener that is being served. */
export interface ServedListener {
  readonly key: number;
  counts(): Counts;
  setPolicy(policy: ResolvedPolicy): void;
  /** Stops serving and closes the listener. */
  detach(): Promise<void>;
  /** Nobody will ask for its counts again. */
  forget(): void;
}

export interface AttachOptions {
  readonly delegationId: string;
  /** The seccomp listener's descriptor, owned by the service from here on. */
  readonly descriptor: number;
  readonly policy: ResolvedPolicy;
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
  /** Resolves when all requests answered so far are counted and their events stored. */
  settled(): Promise<void>;
}
