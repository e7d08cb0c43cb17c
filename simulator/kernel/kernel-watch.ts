import type { Notification } from './filter.js';
import type { OpenDescription } from './open-description.js';
import type { CallRegisters, ModelProcess, ModelThread } from './process.js';

/** What happens in the kernel, for traces and invariants. None of it changes what happens. */
export interface KernelWatch {
  spawned?(process: ModelProcess): void;
  died?(process: ModelProcess): void;
  called?(thread: ModelThread, call: CallRegisters): void;
  /** A call stands in the notifier; a call that is made anew does so again. */
  notified?(notification: Notification): void;
  /** Somebody's answer was taken. */
  replied?(notification: Notification): void;
  /** A call was interrupted: its notification is gone. */
  interrupted?(notification: Notification): void;
  added?(notification: Notification, number: number, source: OpenDescription): void;
  returned?(thread: ModelThread, call: CallRegisters, result: number): void;
  signalled?(process: ModelProcess, signal: number): void;
}
