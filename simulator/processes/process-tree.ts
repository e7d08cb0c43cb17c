import type { Descriptor } from '../kernel/descriptor-table.js';
import type { Kernel } from '../kernel/kernel.js';
import { no } from '../kernel/numbers.js';
import { CapabilitySets } from './capability-sets.js';
import { Cgroup } from './cgroup.js';
import { PidNamespace } from './pid-namespace.js';
import { type NamespaceSet, TreeProcess } from './tree-process.js';

const SIGKILL = 9;
/** Ticks of 10 ms, as sysconf(_SC_CLK_TCK) says on x86-64. */
const tickUs = 10_000;

export interface ForkOptions {
  /** A pid namespace of its own (CLONE_NEWPID), or new ones of every kind, as a container has them. */
  readonly isContainer?: boolean;
  /** Numbers of the parent's descriptors that it keeps, as after an execve(2); all of them if undefined. */
  readonly keeps?: readonly number[];
  /** A number that was used before. */
  readonly number?: number;
}

/** How a process ended, by its status of wait(2). */
export function exitedWith(code: number): number {
  return code << 8;
}

/** The processes of the modelled machine: birth, end, who becomes whose parent, and who is reaped by whom. */
export class ProcessTree {
  readonly all: TreeProcess[] = [];
  readonly hostSpace = new PidNamespace(undefined);
  readonly rootCgroup = new Cgroup('/');
  readonly init: TreeProcess;
  private nextInode = 4_026_531_840;

  constructor(private readonly kernel: Kernel) {
    const namespaces = this.freshNamespaces();
    this.init = this.make('host-init', this.hostSpace, namespaces, this.rootCgroup, CapabilitySets.root());
    this.hostSpace.init = this.init;
    // It does nothing but reap, at once.
    this.init.ignoresChildren = true;
  }

  /** fork(2), or clone(2) with new namespaces. Minus an errno where the namespace takes nobody any more. */
  fork(parent: TreeProcess, actor: string, options: ForkOptions = {}): TreeProcess | number {
    const { isContainer = false, keeps, number } = options;
    if (parent.childSpace.isClosed) return no('ENOMEM');
    const space = isContainer ? new PidNamespace(parent.childSpace) : parent.childSpace;
    const namespaces = isContainer
      ? { ...this.freshNamespaces(), user: parent.namespaces.user }
      : parent.namespaces;
    const child = this.make(actor, space, namespaces, parent.cgroup, parent.sets.copy(), number);
    space.init ??= child;
    child.parent = parent;
    parent.children.add(child);
    for (const [at, descriptor] of parent.process.table.entries()) {
      if (keeps === undefined || keeps.includes(at)) give(child, at, descriptor);
    }
    child.freeze(parent.cgroup.isFrozen);
    return child;
  }

  /** It ends by itself, with a code. */
  exit(process: TreeProcess, code: number): void {
    if (!process.process.alive) return;
    process.status = exitedWith(code);
    this.kernel.kill(process.process);
  }

  /** A signal that ends it; SIGKILL if none is named. */
  kill(process: TreeProcess, signal = SIGKILL): void {
    if (!process.process.alive) return;
    process.status = signal;
    this.kernel.kill(process.process);
  }

  /** waitpid(-1, WNOHANG): a child that had ended, which is gone then; or undefined. */
  wait(parent: TreeProcess): TreeProcess | undefined {
    for (const child of parent.children) {
      if (child.state !== 'zombie' || isHeldUp(child)) continue;
      this.reap(child);
      return child;
    }
    return undefined;
  }

  /** The process that a number means in a pid namespace. */
  find(space: PidNamespace, number: number): TreeProcess | undefined {
    return space.members.get(number);
  }

  private make(
    actor: string,
    space: PidNamespace,
    namespaces: NamespaceSet,
    cgroup: Cgroup,
    sets: CapabilitySets,
    number?: number,
  ): TreeProcess {
    const process = this.kernel.spawn(actor);
    const startTime = Math.floor(this.kernel.scheduler.nowUs / tickUs) * 1000 + this.all.length;
    const made = new TreeProcess(process, space, namespaces, cgroup, sets, startTime);
    for (const one of space.lineage) {
      made.numbers.set(one, one.add(made, one === this.hostSpace ? number : undefined));
    }
    cgroup.members.add(made);
    this.all.push(made);
    process.whenDead.push(() => this.ended(made));
    return made;
  }

  private freshNamespaces(): NamespaceSet {
    const next = (): number => this.nextInode++;
    return { mnt: next(), net: next(), ipc: next(), uts: next(), cgroup: next(), user: next() };
  }

  private ended(process: TreeProcess): void {
    process.status ??= SIGKILL;
    process.endedAtUs = this.kernel.scheduler.nowUs;
    process.cgroup.members.delete(process);
    for (const tell of process.whenEnded.splice(0)) tell();
    if (process.space.init === process) this.endSpace(process.space);
    this.leaveChildren(process);
    this.becomeZombie(process);
  }

  /** The first process of a namespace is gone: all others are killed (zap_pid_ns_processes()). */
  private endSpace(space: PidNamespace): void {
    space.isClosed = true;
    for (const member of [...space.members.values()]) this.kernel.kill(member.process);
  }

  /** Children go to a subreaper above, or to the first process of their parent's namespace. */
  private leaveChildren(process: TreeProcess): void {
    const heir = this.heirOf(process);
    for (const child of [...process.children]) {
      process.children.delete(child);
      child.parent = heir;
      heir.children.add(child);
      if (child.state === 'zombie') this.tell(heir, child);
    }
  }

  private heirOf(process: TreeProcess): TreeProcess {
    const { space } = process;
    let above = process.parent;
    while (above !== undefined && above.space === space) {
      if (above.isSubreaper && above.process.alive) return above;
      above = above.parent;
    }
    return space.init === undefined || space.init === process ? process : space.init;
  }

  private becomeZombie(process: TreeProcess): void {
    process.state = 'zombie';
    const { space } = process;
    if (space.init === process) {
      // It reaps its own, and waits for those whose parents are outside.
      for (const child of [...process.children]) if (child.state === 'zombie') this.reap(child);
      if (space.members.size > 1) return;
    }
    if (process.parent !== undefined) this.tell(process.parent, process);
  }

  private tell(parent: TreeProcess, child: TreeProcess): void {
    if (isHeldUp(child)) return;
    const reapsItself = parent.space.isClosed && parent.space.init === parent;
    if (parent.ignoresChildren || reapsItself) return this.reap(child);
    if (parent.process.alive) parent.whenChildEnded?.(child.sets.user);
  }

  private reap(child: TreeProcess): void {
    child.state = 'reaped';
    child.parent?.children.delete(child);
    for (const [space, number] of child.numbers) {
      if (space.members.get(number) === child) space.members.delete(number);
    }
    for (const tell of child.whenReaped.splice(0)) tell();
    const { init } = child.space;
    const isLast =
      init !== undefined && init !== child && init.state === 'zombie' && child.space.members.size === 1;
    if (isLast && init.parent !== undefined) this.tell(init.parent, init);
  }
}

/** The first process of a namespace can be waited for only when it is the last one there. */
function isHeldUp(child: TreeProcess): boolean {
  return child.space.init === child && child.space.members.size > 1;
}

function give(child: TreeProcess, at: number, { description, closeOnExec }: Descriptor): void {
  child.process.table.put(at, description, closeOnExec);
}
