import { rest, type Timers } from '../../core/ports/timers.js';
import type { ModelProcess } from '../kernel/process.js';
import type { World } from './world.js';

/** A process's timers, in virtual time: they are gone with it. */
export class ModelTimers implements Timers {
  constructor(
    private readonly world: World,
    private readonly process: ModelProcess,
  ) {}

  nowMs(): number {
    return this.world.nowUs / 1_000;
  }

  after(ms: number, run: () => void): () => void {
    let isWanted = true;
    this.world.scheduler.after(ms * 1_000, this.process, () => {
      if (!isWanted) return;
      this.world.hasMicrotasks = true;
      run();
    });
    return () => {
      isWanted = false;
    };
  }

  turn(): Promise<void> {
    return rest(this, 0);
  }
}
