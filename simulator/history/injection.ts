import { deputyError } from '../../core/errors/deputy-error.js';
import { type ErrnoName, errnoNumbers } from '../../core/errors/errno.js';
import { escapeText } from '../../core/events/escape-text.js';

/** What can be done to a history. */
export const injectedFaults = ['supervisor-restart', 'target-death', 'signal', 'errno'] as const;
export type InjectedFault = (typeof injectedFaults)[number];
export type InjectedMoment = 'before' | 'inside' | 'after';

/** A fault, and the place in the history where it happens. */
export interface Injection {
  readonly text: string;
  readonly fault: InjectedFault;
  /** Of 'errno': what the step's port gives instead. */
  readonly errno: number;
  /** An event's id, version, or TYPE#N; or a request's id, or its slot. */
  readonly place: string;
  /** The step of the request; without one: that by which it is answered. */
  readonly step: string | undefined;
  readonly moment: InjectedMoment | undefined;
}

const form =
  /^(?<fault>[a-z-]+)(=(?<errno>[A-Z0-9]+))?@(?<place>[^:]{1,200})(:(?<step>[a-z-]+))?(:(?<moment>[a-z]+))?$/;

/** Reads `FAULT@PLACE[:STEP[:MOMENT]]` or `errno=EMFILE@...`. Errors: DEPUTY_E_INJECTION_INVALID. */
export function parseInjection(text: string): Injection {
  const { fault = '', errno, place = '', step, moment } = form.exec(text)?.groups ?? {};
  const known = injectedFaults.find((name) => name === fault);
  if (known === undefined) {
    throw invalid(`'${escapeText(text, 200)}' is no FAULT@PLACE; faults are ${injectedFaults.join(', ')}`);
  }
  const number = errnoNumbers[errno as ErrnoName];
  if ((known === 'errno') !== (errno !== undefined) || (errno !== undefined && number === undefined)) {
    throw invalid('only errno=NAME takes a name, and it must be one of errno(3), as in errno=EMFILE@PLACE');
  }
  if (moment !== undefined && !['before', 'inside', 'after'].includes(moment)) {
    throw invalid(`'${escapeText(moment, 50)}' is none of before, inside, after`);
  }
  if (moment !== undefined && moment !== 'before' && known === 'errno') {
    throw invalid('an errno is given instead of a call: there is no inside or after');
  }
  const at = moment as InjectedMoment | undefined;
  return { text, fault: known, errno: -(number ?? 0), place, step, moment: at };
}

export function invalid(detail: string) {
  return deputyError('DEPUTY_E_INJECTION_INVALID', { detail });
}
