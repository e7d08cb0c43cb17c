import type { Counts } from '../events/vocabulary.js';
import type { ResolvedPolicy } from '../policy/match.js';
import type { HandleUse } from '../request/handle-use.js';

/** One thread of a broker's process, as /proc shows it. Sets of capabilities are masks. */
export interface BrokerThread {
  readonly userIds: readonly number[];
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly noNewPrivileges: boolean;
  /** Seccomp filters that it has. */
  readonly filters: number;
  /** It is the one that answers. */
  readonly serves: boolean;
}

/** What a broker's process may do, and what may be done to it. */
export interface BrokerPrivileges {
  readonly threads: readonly BrokerThread[];
  readonly isDumpable: boolean;
  readonly rootIsReadOnly: boolean;
}

/** A share as the broker has it open. */
export interface BrokerShareFacts {
  readonly name: string;
  readonly path: string;
  readonly fileSystemType: string;
  readonly fileSystemId: string;
  readonly isReadOnly: boolean;
}

/** How requests are written down. */
export interface BrokerAttachment {
  readonly delegationId: string;
  readonly policy: ResolvedPolicy;
}

/** The broker of one target, from its first step to its end. */
export interface BrokerSession {
  /** Opens what it serves. Throws DEPUTY_E_BROKER_SHARE. */
  openShares(policy: ResolvedPolicy): readonly BrokerShareFacts[];
  /** Listens: the socket's path. Nobody is answered yet. Throws DEPUTY_E_BROKER_SOCKET. */
  listen(): string;
  /** Puts its filter on every thread: how many system calls it refuses. */
  confine(): number;
  inspect(): BrokerPrivileges;
  /** Ends what a predecessor left unfinished, whose connections are gone: how many requests. */
  finishFormer(attachment: BrokerAttachment): number;
  /** Answers from now on. */
  serve(attachment: BrokerAttachment): Promise<void>;
  setPolicy(policy: ResolvedPolicy): void;
  readonly connections: number;
  counts(delegationId: string): Counts;
  /** How the target uses handles; see RequestService. */
  useOf(delegationId: string): HandleUse | undefined;
  /** Ends all connections; resolves when what was answered is counted and its events are stored. */
  stop(): Promise<void>;
}

/** Makes brokers of this process. */
export interface BrokerHost {
  /** The user that the target has, and the broker with it. */
  readonly user: number;
  open(): BrokerSession;
}
