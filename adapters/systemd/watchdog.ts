import { type Environment, wholeNumber } from './environment.js';

/** Process ids end here (PID_MAX_LIMIT of the kernel). */
export const maximumProcessId = 2 ** 22;

/** Longest time a timer of Node can wait; a watchdog beyond it is served more often than it asks for. */
const maximumTimerMs = 2 ** 31 - 1;

/**
 * How often watchdog() has to be called: half of what the unit's WatchdogSec= allows, as
 * sd_watchdog_enabled(3) recommends. Undefined where no watchdog is set, or where it is another process's.
 * Throws DEPUTY_E_SERVICE_ENVIRONMENT_INVALID.
 */
export function watchdogIntervalMs(environment: Environment = process.env): number | undefined {
  const allowedUs = wholeNumber(environment, 'WATCHDOG_USEC', Number.MAX_SAFE_INTEGER);
  const pid = wholeNumber(environment, 'WATCHDOG_PID', maximumProcessId);
  if (allowedUs === undefined || allowedUs === 0) return undefined;
  if (pid !== undefined && pid !== process.pid) return undefined;
  return Math.min(maximumTimerMs, Math.max(1, Math.floor(allowedUs / 2000)));
}
