import type { InjectorKernel } from './injector-kernel.js';
import type { OutcomeRing } from './outcomes.js';

/** Which sockets stand in which threads' tables, and how injections ended: it outlives injectors. */
export interface InjectorScoreboard {
  readonly outcomes: OutcomeRing;
  /** Writes down that this socket of ours is about to go to the thread: the slot to clear, or -1. */
  note(threadId: number, socket: number): number;
  clear(slot: number): void;
  /** The numbers of the sockets that killed injectors left in this thread's table, the lowest first. */
  leftSockets(threadId: number): number[];
  /** They are closed. */
  forgetLeft(threadId: number): void;
}

/** What the injector may do here; found out once, at start. */
export interface InjectorEnvironment {
  readonly kernel: InjectorKernel;
  /** PTRACE_O_SUSPEND_SECCOMP may be used. */
  maySuspendFilters: boolean;
  /** The register work is written for this machine. */
  readonly supportsRegisters: boolean;
  readonly scoreboard: InjectorScoreboard;
}
