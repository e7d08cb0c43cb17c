import { setImmediate } from 'node:timers/promises';
import type { Timers } from '../../core/ports/timers.js';

/** Real time. */
export const timers: Timers = {
  nowMs: () => performance.now(),
  after: (ms, run, isIdle = false) => {
    const timer = setTimeout(run, ms);
    if (isIdle) timer.unref();
    return () => clearTimeout(timer);
  },
  turn: () => setImmediate(),
};
