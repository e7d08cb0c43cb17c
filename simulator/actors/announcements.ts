import type { ModelProcess } from '../kernel/process.js';
import type { World } from '../world/world.js';

/** Until a thread that waits for a word of another one runs. */
const wakeUs = [20, 1_000] as const;

/** The word that something was committed, from the loop's thread to the main thread. */
export class Announcements {
  private isAnnounced = false;
  private waiting: (() => void) | undefined;

  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
  ) {}

  announce(): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined) this.isAnnounced = true;
    else this.wake(waiting);
  }

  /** Resolves when something was announced since the last time, or soon if it already was. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isAnnounced) this.waiting = resolve;
      else this.wake(resolve);
      this.isAnnounced = false;
    });
  }

  private wake(resolve: () => void): void {
    this.world.later(this.process, ...wakeUs, () => {
      this.world.hasMicrotasks = true;
      resolve();
    });
  }
}
