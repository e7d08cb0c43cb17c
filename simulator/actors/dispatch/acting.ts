import type { TreeProcess } from '../../processes/tree-process.js';
import type { World } from '../../world/world.js';

/** What a system call, or a short look at something, takes. */
const callUs: readonly [fromUs: number, toUs: number] = [5, 60];

/** The steps of one process, one after the other: each is a point at which it may die. */
export class Acting {
  constructor(
    readonly world: World,
    readonly self: TreeProcess,
    /** Kind of the actor, for faults. */
    readonly kind: string,
  ) {}

  get isAlive(): boolean {
    return this.self.process.alive;
  }

  /**
   * Makes a call a little later: resolves to what it gives, and never, if the process is gone by then. What
   * it throws is thrown here.
   */
  call<Result>(name: string, work: () => Result, [from, to] = callUs): Promise<Result> {
    const { world, self } = this;
    return new Promise((resolve, reject) => {
      world.later(self.process, from, to, () =>
        world.step(self.process, this.kind, name, null, () => {
          // Those of deputy are the real steps' calls of their port.
          if (this.kind === 'deputy') world.steps++;
          let settle: () => void;
          let shown = 0;
          try {
            const result = work();
            if (typeof result === 'number') shown = result;
            settle = () => resolve(result);
          } catch (error) {
            shown = -1;
            settle = () => reject(error as Error);
          }
          this.soon(settle);
          return shown;
        }),
      );
    });
  }

  /** Resolves after this time, if the process is there then. */
  sleep(delayUs: number): Promise<void> {
    return new Promise((resolve) => this.later(delayUs, resolve));
  }

  /** Has `run` called by this process after a time. */
  later(delayUs: number, run: () => void): void {
    this.world.scheduler.after(delayUs, this.self.process, () => {
      this.world.hasMicrotasks = true;
      run();
    });
  }

  /** A promise's chain goes on in an event of its process: a dead one's never does. */
  private soon(settle: () => void): void {
    this.later(0, settle);
    // A long chain takes more turns than are drained at a time.
    this.later(1, () => undefined);
  }
}
