import { type ErrorCode, errorTable } from './table.js';

/** What fills the places of an error's template; also kept on the error for programs to read. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The names in braces of a template. */
type PlacesOf<Template> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PlacesOf<Rest>
  : never;
/** What must be given for a code: `detail` may come from the cause instead. */
type NeededFor<Code extends ErrorCode> = Exclude<PlacesOf<(typeof errorTable)[Code]['what']>, 'detail'>;
type DetailsOf<Code extends ErrorCode> = [NeededFor<Code>] extends [never]
  ? [details?: ErrorDetails, cause?: unknown]
  : [details: ErrorDetails & Readonly<Record<NeededFor<Code>, unknown>>, cause?: unknown];

/** An operating error: `code` is stable, `message` says what happened and `remedy` what can be done. */
export class DeputyError extends Error {
  override readonly name = 'DeputyError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, remedy: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.details = details;
  }

  /** The form for logs, events and `--json` output: no stack, no cause. */
  toJSON(): { code: ErrorCode; message: string; remedy: string } {
    return { code: this.code, message: this.message, remedy: this.remedy };
  }
}

/**
 * Makes the error of a code, its template filled from `details`.
 * A place without a detail reads '(unknown)'; a `detail` that the template has no place for is appended,
 * and a `cause` with a message stands in for a missing `detail`, so that no reason gets lost.
 */
export function deputyError<Code extends ErrorCode>(code: Code, ...rest: DetailsOf<Code>): DeputyError {
  const { what, remedy } = errorTable[code];
  const [details = {}, cause] = rest as [ErrorDetails?, unknown?];
  const filled = { detail: cause instanceof Error ? cause.message : undefined, ...details };
  let message = what.replace(/\{(\w+)\}/g, (_, name: string) => placeText(filled, name));
  if (filled.detail !== undefined && !what.includes('{detail}')) {
    message += ` (${String(filled.detail)})`;
  }
  return new DeputyError(code, message, remedy, details, cause);
}

/** Is this a DeputyError, and of that code if one is given? */
export function isDeputyError(error: unknown, code?: ErrorCode): error is DeputyError {
  return error instanceof DeputyError && (code === undefined || error.code === code);
}

function placeText(details: ErrorDetails, name: string): string {
  const value = details[name];
  if (value === undefined) {
    return '(unknown)';
  }
  return Array.isArray(value) ? value.join(', ') : String(value);
}
