import type { LoopMount } from './mounts.js';
import type { LoopThread } from './threads.js';

/** A seccomp listener as a loop serves it, with what the loop remembers for its target. */
export interface LoopListener {
  /** The number that journal records carry. */
  readonly key: number;
  readonly descriptor: number;
  /** Its target's threads are within this cgroup. */
  readonly cgroup: string | undefined;
  readonly mounts: Map<number, LoopMount>;
  readonly threads: Map<number, LoopThread>;
}

/** Makes the loop's view of a listener. */
export function loopListener(key: number, descriptor: number, cgroup?: string): LoopListener {
  return { key, descriptor, cgroup, mounts: new Map(), threads: new Map() };
}
