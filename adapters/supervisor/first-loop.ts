import { SharedCounters } from '../journal/shared-counters.js';
import { LoopHandle } from './loop-handle.js';

/**
 * A process's first loop, started before there is anything else: its thread loads what it needs on one
 * processor while the main thread loads the rest on another. Whoever serves takes it over.
 */
export class FirstLoop {
  /** The journal's, once there is one. */
  readonly counters = new SharedCounters();
  readonly loop: LoopHandle;

  constructor(handlersModule: URL) {
    this.loop = new LoopHandle({ counters: this.counters.buffer, handlersModule, filterLater: true });
  }

  /** The process has its filter. */
  filter(): void {
    this.loop.send({ kind: 'filter' });
  }

  /** Undefined where it can't start: whoever serves finds the same, and says so. */
  static start(handlersModule: URL): FirstLoop | undefined {
    try {
      return new FirstLoop(handlersModule);
    } catch {
      return undefined;
    }
  }
}
