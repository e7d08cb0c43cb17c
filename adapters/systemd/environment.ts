import { type DeputyError, deputyError } from '../../core/errors/deputy-error.js';

/** The variables of a process, as far as a service manager sets them; `process.env` is one. */
export type Environment = Record<string, string | undefined>;

/** Text of a variable that an error repeats at most. */
const shownCharacters = 80;

/** The error of a variable that no service manager sets like this. */
export function invalidVariable(variable: string, value: string, detail: string): DeputyError {
  const shown = JSON.stringify(value.slice(0, shownCharacters));
  return deputyError('DEPUTY_E_SERVICE_ENVIRONMENT_INVALID', { variable, value: shown, detail });
}

/**
 * A whole number of a variable, undefined where it isn't set. Throws DEPUTY_E_SERVICE_ENVIRONMENT_INVALID for
 * anything but digits, and beyond the limit.
 */
export function wholeNumber(environment: Environment, variable: string, limit: number): number | undefined {
  const text = environment[variable];
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw invalidVariable(variable, text, 'a whole number is expected');
  if (value > limit) throw invalidVariable(variable, text, `more than ${limit}`);
  return value;
}
