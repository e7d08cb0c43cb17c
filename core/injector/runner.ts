import type { Injection } from './injection.js';

/** Runs the sub-steps of injections: in a process of its own, or one by one in a simulator. */
export interface InjectionRunner {
  /** Runs sub-steps from this one on: WAIT when the thread's next stop must come first, or DONE. */
  advance(injection: Injection, from: number): number;
  /** Waits for stops and acts on them: true at the end, false when the time is up. */
  follow(injection: Injection, budgetMs: number): boolean;
  /** Gives others the processor; longer each round. */
  pause(rounds: number): void;
}
