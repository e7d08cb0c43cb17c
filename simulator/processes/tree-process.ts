import type { ModelProcess } from '../kernel/process.js';
import type { CapabilitySets } from './capability-sets.js';
import type { Cgroup } from './cgroup.js';
import type { PidNamespace } from './pid-namespace.js';

/** Namespaces besides that of the numbers, by their name in /proc/PID/ns: inode numbers. */
export interface NamespaceSet {
  readonly mnt: number;
  readonly net: number;
  readonly ipc: number;
  readonly uts: number;
  readonly cgroup: number;
  readonly user: number;
}

/** A process in the tree of all: who waits for it, where it is, what it may, and how it ended. */
export class TreeProcess {
  state: 'running' | 'zombie' | 'reaped' = 'running';
  /** As wait(2) has it: a signal's number, or an exit code times 256. */
  status: number | undefined;
  parent: TreeProcess | undefined;
  readonly children = new Set<TreeProcess>();
  /** Its number in its own pid namespace and in each around that. */
  readonly numbers = new Map<PidNamespace, number>();
  /** Where its children are born: setns(2) changes this alone. */
  childSpace: PidNamespace;
  /** PR_SET_CHILD_SUBREAPER. */
  isSubreaper = false;
  /** When it ended, in microseconds. */
  endedAtUs = 0;
  /** SIGCHLD is ignored: its children are reaped by the kernel. */
  ignoresChildren = false;
  /** The program that it executes. */
  program = '';
  /** Told when a child of its has ended: SIGCHLD, with the user that the child had. */
  whenChildEnded: ((user: number) => void) | undefined;
  readonly whenEnded: (() => void)[] = [];
  readonly whenReaped: (() => void)[] = [];

  constructor(
    readonly process: ModelProcess,
    readonly space: PidNamespace,
    public namespaces: NamespaceSet,
    public cgroup: Cgroup,
    public sets: CapabilitySets,
    /** In clock ticks since boot, as /proc/PID/stat has it. */
    readonly startTime: number,
  ) {
    this.childSpace = space;
  }

  get actor(): string {
    return this.process.actor;
  }

  /** Its number as a namespace has it; 0 for whoever is not in that one. */
  numberIn(space: PidNamespace): number {
    return this.numbers.get(space) ?? 0;
  }

  /** It does nothing while its cgroup is frozen, but it can be killed. */
  freeze(isFrozen: boolean): void {
    if (isFrozen) this.process.heldUntilUs = Number.POSITIVE_INFINITY;
    else if (this.process.heldUntilUs === Number.POSITIVE_INFINITY) this.process.heldUntilUs = 0;
  }
}
