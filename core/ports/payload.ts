import type { Target } from './strategy.js';

/** What is to run in a target, and as what. */
export interface PayloadSpec {
  /** The program and its arguments; the program's path is looked up on the side that `from` names. */
  readonly argv: readonly string[];
  /** Bits of capabilities(7): all that the payload ever holds, in every one of its sets. */
  readonly capabilities: readonly number[];
  readonly user: number;
  readonly group: number;
  readonly groups: readonly number[];
  /** `host`: a static program of this machine. `target`: one of the target's, which it can't change. */
  readonly from: 'host' | 'target';
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** How it is known to be ready: it listens on a socket there, or writes to descriptor 3, or at once. */
  readonly readiness:
    | { readonly kind: 'socket'; readonly path: string }
    | { readonly kind: 'fd' }
    | { readonly kind: 'none' };
  /** Milliseconds from the start to the execution, and again from there to readiness. */
  readonly deadlineMs: number;
  readonly terminal: boolean;
  /** Who reads its output: the caller, or the container's own log. */
  readonly output: 'caller' | 'container';
  /** Output that nobody reads is dropped, the oldest first, instead of stopping the payload. */
  readonly lossy: boolean;
  /** Bytes of each output that are kept while nobody reads. */
  readonly bufferBytes: number;
  /** The placeholder's socket as the target sees it, where the target has one. */
  readonly placeholderSocket?: string;
  /** SELinux label or AppArmor profile for the execution, where the machine has them. */
  readonly label?: string;
  readonly profile?: string;
  /** Whether the payload gets the default filter of system calls. */
  readonly filter: 'default' | 'none';
}

/** The target as the kernel shows it, held by a pidfd since before any of this was read. */
export interface TargetFacts {
  readonly processId: number;
  readonly startTime: string;
  /** Inode numbers of the namespaces that a payload joins, by name as in /proc/PID/ns. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly userNamespaceIsOurs: boolean;
  /** The first process of its pid namespace; what becomes the payload's parent. */
  readonly isInit: boolean;
  readonly cgroups: readonly string[];
  readonly frozen: boolean;
  readonly userIds: readonly number[];
  readonly permittedCapabilities: bigint;
  readonly boundingCapabilities: bigint;
}

/** A process of the target after the steps of the joiner, as /proc shows it. */
export interface PayloadFacts {
  readonly processId: number;
  readonly startTime: string;
  readonly parentIsInit: boolean;
  readonly sameNamespaces: boolean;
  readonly sameCgroups: boolean;
  /** Effective, permitted, inheritable, bounding, ambient, in this order. */
  readonly capabilities: readonly bigint[];
  readonly userIds: readonly number[];
  readonly noNewPrivileges: boolean;
}

/** How a payload ended. `unknown` is never guessed at; `reason` says why it can't be had. */
export type PayloadEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** One payload of one target, from the first look at the target to the payload's end. */
export interface PayloadSession {
  /** Finds the target and holds it by a pidfd. */
  identify(): Promise<TargetFacts>;
  /** Takes the single-instance lock; `running`: somebody's payload runs there already. */
  lock(): Promise<'taken' | 'running'>;
  /** Opens and checks the program: a description of it. */
  openProgram(): Promise<string>;
  /** Starts shim and joiner; resolves to the joiner's reports when a process waits in the target. */
  join(): Promise<readonly string[]>;
  /**
   * Attaches to the payload that was started before: what was reported then, and whether it has ended and
   * only waits for somebody to learn how.
   */
  attach(): Promise<{ readonly reports: readonly string[]; readonly isOver: boolean }>;
  /** Undefined when it has ended. */
  inspect(): Promise<PayloadFacts | undefined>;
  /** Tells the placeholder whose end is the container's; false where there is none. */
  name(): Promise<boolean>;
  /** Lets the waiting process become the payload. Throws with the errno of a failed execution. */
  execute(): Promise<void>;
  ready(): Promise<string>;
  /** Resolves when the payload has ended. */
  readonly ended: Promise<PayloadEnd>;
  signal(number: number): void;
  /** The payload's end is in the event store: whoever kept it for a successor need not any more. */
  forget?(): Promise<void>;
  /** Ends what was begun: kills the payload if there is one, frees the lock. */
  abandon(): Promise<void>;
}

/** Starts payloads in targets. */
export interface PayloadHost {
  /** Why it can't be done here, or undefined. */
  obstacle(): Promise<string | undefined>;
  open(target: Target, spec: PayloadSpec): PayloadSession;
}
