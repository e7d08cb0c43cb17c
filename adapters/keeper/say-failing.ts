import { deputyError } from '../../core/errors/deputy-error.js';
import type { Logger } from '../../core/ports/logger.js';

/** Says why a supervisor is killed. */
export function sayKilled(pid: number | undefined, reason: string, logger: Logger): void {
  logger.error({ supervisor: pid, reason }, 'a supervisor is killed');
}

/** Says that supervisors die one after the other: it is tried on and on, ever more slowly. */
export function sayFailing(deaths: number, logger: Logger): void {
  const error = deputyError('DEPUTY_E_SUPERVISOR_FAILED', { detail: `${deaths} deaths in a row` });
  logger.error({ err: error, code: error.code }, error.message);
}
