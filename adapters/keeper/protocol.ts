import type { Policy } from '../../core/policy/schema.js';
import type { NatsStoreSettings } from '../host/open-published-store.js';
import type { ContainerProcessState } from '../oci/container-state.js';
import type { ProcessStatus } from './process-status.js';

/** What the active supervisor has made of a listener: enough for a successor to go on under the same name. */
export interface ListenerNote {
  readonly delegationId: string;
  readonly strategy: string;
}

/** What supervisors are started with. */
export interface SupervisorConfiguration {
  readonly stateDirectory: string;
  /** Checked and complete: a successor is not the one to find that a file is wrong. */
  readonly policy: Policy;
  /** Where it came from, for the log. */
  readonly policyPath?: string;
  readonly node?: string;
  readonly journalBytes?: number;
  readonly journalRetentionMs?: number;
  readonly eventBytes?: number;
  /** Events go to a stream on NATS instead of files. */
  readonly nats?: NatsStoreSettings;
  readonly logLevel: string;
  /** What targets are delegated with, by name; without it the policy's order decides. */
  readonly strategy?: string;
  /** Listeners are those of wrapped programs, and this is their sidecar. */
  readonly isSidecar?: boolean;
  /** The first one shows on a probe child that it works before it says that it is ready. */
  readonly proves: boolean;
  /** A standby has time: it serves itself first, so that nothing in it is cold when its turn comes. */
  readonly rehearses: boolean;
}

/** A delegation whose listener is lost although its target may live. */
export interface LostListener {
  readonly state: ContainerProcessState;
  readonly note: ListenerNote;
}

/** From the keeper to a supervisor, over its IPC channel; descriptors come beside it, by key or token. */
export type KeeperMessage =
  | { readonly kind: 'start'; readonly configuration: SupervisorConfiguration }
  | {
      readonly kind: 'listener';
      readonly key: number;
      readonly state: ContainerProcessState;
      /** Who brought it, for the event: a runtime, or `deputy run`. */
      readonly origin: string;
      readonly note?: ListenerNote;
    }
  | { readonly kind: 'note'; readonly key: number; readonly note: ListenerNote }
  | { readonly kind: 'gone'; readonly key: number }
  | {
      readonly kind: 'activate';
      readonly reason: string;
      readonly lost: readonly LostListener[];
      /** The listeners that there are: they have been sent, and may be on their way. */
      readonly keys: readonly number[];
    }
  | { readonly kind: 'injector' }
  | { readonly kind: 'processes'; readonly processes: readonly ProcessStatus[] }
  | { readonly kind: 'policy'; readonly policy: Policy }
  /** Targets wait: what is left of a rehearsal is left out. */
  | { readonly kind: 'hurry' }
  /** `hold`: the listeners outlive this agent, so that its delegations go on. */
  | { readonly kind: 'stop'; readonly hold: boolean };

/** From a supervisor to the keeper. */
export type SupervisorMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly remedy: string }
  | { readonly kind: 'beat' }
  | { readonly kind: 'active' }
  | { readonly kind: 'note'; readonly key: number; readonly note: ListenerNote }
  /** The policy, or the machine, says no: nobody is to hold this listener any longer. */
  | { readonly kind: 'refused'; readonly key: number; readonly code: string; readonly message: string }
  | { readonly kind: 'channel'; readonly token: number }
  | { readonly kind: 'stopped'; readonly abandonedTargets: number; readonly stuckLoops: number };

/** Descriptors travel on a socket of their own (SOCK_SEQPACKET): what they are, and which. */
export const descriptorPacket = { bytes: 16, magic: 0x44505946 } as const;
export const descriptorKind = { listener: 1, injectorChannel: 2 } as const;

/** Where a supervisor finds what it inherits. */
export const inherited = { channel: 4 } as const;
