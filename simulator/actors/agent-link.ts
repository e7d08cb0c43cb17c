import type { ListenerEnd } from '../kernel/filter.js';

/** What a runtime says of a container. */
export interface ContainerState {
  readonly containerId: string;
  readonly processId: number;
  readonly metadata: string;
}

/** What the active supervisor has made of a listener. */
export interface ListenerNote {
  readonly delegationId: string;
  readonly strategy: string;
}

/** A listener that is kept, with what is known of it. */
export interface KeptListener {
  readonly key: number;
  readonly state: ContainerState;
  readonly origin: string;
  note?: ListenerNote;
}

/** A listener as it comes to a supervisor: with a descriptor of its own. */
export interface OfferedListener extends KeptListener {
  readonly descriptor: number;
}

export interface Turn {
  readonly reason: string;
  readonly lost: readonly { readonly state: ContainerState; readonly note: ListenerNote }[];
}

/** What a supervisor tells whoever holds the listeners. */
export interface SupervisorLink {
  ready(): void;
  active(): void;
  note(key: number, note: ListenerNote): void;
  refused(key: number): void;
}

/** What a runtime hands over. */
export interface HandedOver {
  readonly state: ContainerState;
  readonly listener: ListenerEnd;
}
