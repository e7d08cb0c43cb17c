import type { Clock } from '../../core/ports/clock.js';
import { monotonicClock } from '../supervisor/monotonic.js';

/** The machine's clocks. */
export function systemClock(): Clock {
  const monotonicUs = monotonicClock();
  return { nowMs: () => Date.now(), monotonicUs };
}
