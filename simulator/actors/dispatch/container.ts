import { CapabilitySets } from '../../processes/capability-sets.js';
import { Cgroup } from '../../processes/cgroup.js';
import type { TreeProcess } from '../../processes/tree-process.js';
import type { DispatchParts } from './dispatch-parts.js';
import { ModelPlaceholder } from './placeholder.js';

/** Until a runtime has noticed that a container ended, and has started it again. */
const restartUs = [20_000, 200_000] as const;

/** One life of a container: from its start to its end; a restart is another one. */
export interface ContainerLife {
  readonly restartCount: number;
  readonly init: TreeProcess;
  readonly placeholder: ModelPlaceholder;
  readonly cgroup: Cgroup;
}

/** A container of a runtime's: its first process is the placeholder, and its user has no capabilities. */
export class ModelContainer {
  readonly lives: ContainerLife[] = [];
  /** Told of each start. */
  whenStarted: (() => void) | undefined;

  constructor(
    private readonly parts: DispatchParts,
    readonly id: string,
    private readonly user: number,
    private restartsLeft: number,
    /** The number of its first process, where that was another's before. */
    number?: number,
  ) {
    this.start(number);
  }

  /** What the runtime's state says: the life that was begun last. */
  get current(): ContainerLife {
    return this.lives.at(-1) as ContainerLife;
  }

  /** Nothing of it is there, and nobody starts it again. */
  get isOver(): boolean {
    return this.restartsLeft === 0 && this.current.init.state === 'reaped';
  }

  /** The life that a process belongs to, by its pid namespace. */
  lifeOf(process: TreeProcess): ContainerLife | undefined {
    return this.lives.find(({ init }) => init.space === process.space);
  }

  kill(): void {
    this.parts.tree.kill(this.current.init);
  }

  /** A program that was executed in it and left by whoever did: an orphan, which the first process reaps. */
  leaveOrphan(user: number, runUs: number): void {
    const { tree, world } = this.parts;
    const { init } = this.current;
    if (!init.process.alive) return;
    const runtime = fork(tree, tree.init, 'exec');
    runtime.childSpace = init.space;
    const middle = fork(tree, runtime, 'exec-middle');
    const orphan = fork(tree, middle, 'exec-orphan');
    orphan.sets.user = user;
    runtime.ignoresChildren = true;
    tree.exit(middle, 0);
    tree.exit(runtime, 0);
    world.scheduler.after(runUs, orphan.process, () => tree.exit(orphan, 0));
  }

  /** The same container, killed and started anew, whatever its runtime would do by itself. */
  restart(): void {
    this.restartsLeft++;
    this.kill();
  }

  private start(number?: number): void {
    const { tree, world } = this.parts;
    const restartCount = this.lives.length;
    const init = tree.fork(tree.init, `${this.id}-init-${restartCount + 1}`, {
      isContainer: true,
      ...(number === undefined ? {} : { number }),
    });
    if (typeof init === 'number') throw new RangeError(`no container: ${init}`);
    const cgroup = new Cgroup(`/${this.id}-${restartCount + 1}`, tree.rootCgroup);
    cgroup.attach(init);
    init.sets = new CapabilitySets();
    init.sets.bounding = 0n;
    init.sets.user = this.user;
    init.sets.noNewPrivileges = true;
    init.program = 'placeholder';
    this.lives.push({ restartCount, init, cgroup, placeholder: new ModelPlaceholder(this.parts, init) });
    init.whenReaped.push(() => {
      if (this.restartsLeft === 0) return;
      this.restartsLeft--;
      world.scheduler.after(world.random.between(...restartUs), undefined, () => {
        world.hasMicrotasks = true;
        this.start();
      });
    });
    this.whenStarted?.();
  }
}

function fork(tree: DispatchParts['tree'], parent: TreeProcess, actor: string): TreeProcess {
  const child = tree.fork(parent, actor);
  if (typeof child === 'number') throw new RangeError(`no process: ${child}`);
  return child;
}
