import type { TreeProcess } from './tree-process.js';

/** A pid namespace (pid_namespaces(7)): numbers of its own, and a first process whose end is everybody's. */
export class PidNamespace {
  readonly members = new Map<number, TreeProcess>();
  /** Its first process; the children of those that nobody is left to wait for become its children. */
  init: TreeProcess | undefined;
  /** Its first process has begun to end: nobody can be born here any more (ENOMEM of clone(2)). */
  isClosed = false;
  private nextNumber = 1;

  constructor(readonly parent: PidNamespace | undefined) {}

  /** A number for a process. `wanted`: one that was used before, and is free. */
  add(process: TreeProcess, wanted?: number): number {
    const number = wanted ?? this.nextNumber++;
    this.members.set(number, process);
    return number;
  }

  /** This one, the one around it, and so on to the outermost. */
  get lineage(): readonly PidNamespace[] {
    return this.parent === undefined ? [this] : [this, ...this.parent.lineage];
  }
}
