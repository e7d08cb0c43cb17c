import type { DeputyEvent } from '../../core/events/event.js';

/** How a strategy is chosen for a target: by its name, or by what the policy says and the target allows. */
export type Selection = 'name' | 'auto';

/** A target, served by one strategy, on a share. What is opened is told in words: see `cases`. */
export interface StrategyScene {
  /** The target names a file of the share, or an absolute path, and keeps the handle: 'ok' or an errno. */
  name(path: string): Promise<string>;
  /** It keeps the kernel's own handle of the file, as root would get it, in place of one that it asked for. */
  takeRaw(path: string): Promise<string>;
  /** It keeps a handle without any bytes. */
  takeEmpty(): Promise<string>;
  /** It opens the handle that it keeps, on the share or with another descriptor: what it got, or an errno. */
  open(flags: number, descriptor?: number): Promise<string>;
  /** Removes a file of the share. */
  remove(name: string): void;
  /** SIGKILL for the process that serves. Where another takes its place by itself, that is left to it. */
  crashHelper(): Promise<void>;
  /** Resolves when the delegation is active again, by its events. */
  recovered(): Promise<void>;
  /** The engine ends the delegation. The target lives, and asks once more: what it gets. */
  release(): Promise<string>;
  /** SIGKILL for the target. Resolves to the delegation's last event soon after. */
  killTarget(): Promise<string>;
  /** Calls of the target that were to be answered, until it was released or killed. */
  readonly calls: number;
  /** All events of the delegation; the engine has ended by then. */
  story(): Promise<readonly DeputyEvent[]>;
  end(): Promise<void>;
}

/** A strategy as the suite uses it: the real one, in an engine. */
export interface StrategyDriver {
  readonly strategy: string;
  /** Which form of it, where it has several: a column each. */
  readonly form?: string;
  establish(selection: Selection): Promise<StrategyScene>;
}

/** What a strategy is called in the table: with its form, where it has several. */
export function columnOf({ strategy, form }: { readonly strategy: string; readonly form?: string }): string {
  return form === undefined ? strategy : `${strategy} (${form})`;
}
