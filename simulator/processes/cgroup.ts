import { no } from '../kernel/numbers.js';
import type { TreeProcess } from './tree-process.js';

/** A folder of the unified hierarchy (cgroups(7), version 2). */
export class Cgroup {
  readonly members = new Set<TreeProcess>();
  readonly children = new Set<Cgroup>();
  /** Controllers are enabled for its children: it takes no processes of its own then. */
  hasControllers = false;
  isFrozen = false;
  isRemoved = false;

  constructor(
    readonly path: string,
    readonly parent?: Cgroup,
  ) {
    parent?.children.add(this);
  }

  /** A write of a process to cgroup.procs: 0, or what the kernel says. */
  attach(process: TreeProcess): number {
    if (this.isRemoved) return no('ENODEV');
    if (this.hasControllers && this.parent !== undefined) return no('EBUSY');
    process.cgroup.members.delete(process);
    process.cgroup = this;
    this.members.add(process);
    process.freeze(this.isFrozen);
    return 0;
  }

  /** A write to cgroup.subtree_control. */
  enableControllers(): number {
    if (this.members.size > 0 && this.parent !== undefined) return no('EBUSY');
    this.hasControllers = true;
    return 0;
  }

  /** A write to cgroup.freeze. */
  freeze(isFrozen: boolean): void {
    this.isFrozen = isFrozen;
    for (const member of this.members) member.freeze(isFrozen);
  }

  /** rmdir(2). */
  remove(): number {
    if (this.members.size > 0 || this.children.size > 0) return no('EBUSY');
    this.isRemoved = true;
    this.parent?.children.delete(this);
    return 0;
  }
}
