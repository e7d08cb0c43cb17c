import { deputyError } from '../errors/deputy-error.js';
import {
  compileRequestTable,
  illegal,
  requestEvent,
  requestEvents,
  requestStates,
} from '../machines/request-life.js';
import { offset } from '../request/record-layout.js';
import { type Step, type StepContext, type StepTable, stepEnd, stepPark } from './step.js';

/** More steps than any request needs, tries and injections included: a table that loops is a defect. */
const stepLimit = 64;

const eventCount = requestEvents.length;
const table = compileRequestTable();

/** A step's event numbers, looked up once a table. */
const eventNumbers = new WeakMap<StepTable, Uint8Array>();
/** The table used last and its numbers: nearly all requests of a target are the same call. */
let lastSteps: StepTable | undefined;
let lastNumbers: Uint8Array = new Uint8Array();

function eventsOf(steps: StepTable): Uint8Array {
  if (steps === lastSteps) return lastNumbers;
  let numbers = eventNumbers.get(steps);
  if (!numbers) {
    numbers = Uint8Array.from(steps, (step) => requestEvent[step.event ?? 'NONE']);
    eventNumbers.set(steps, numbers);
  }
  lastSteps = steps;
  lastNumbers = numbers;
  return numbers;
}

/**
 * Runs one step of a request, the one its record stands at, and moves the record to the next. Returns the
 * next step's number, `stepEnd` or `stepPark`. `elapsedUs` is read after the port call.
 */
export function runStep(context: StepContext, steps: StepTable, elapsedUs: () => number): number {
  return advance(context, steps, eventsOf(steps), elapsedUs);
}

function advance(
  context: StepContext,
  steps: StepTable,
  events: Uint8Array,
  elapsedUs: () => number,
): number {
  const { record } = context;
  const number = record.u16(offset.step);
  const step = steps[number] as Step;
  const state = record.u16(offset.state);
  const nextState = table[state * eventCount + (events[number] as number)] as number;
  if (nextState === illegal) {
    throw deputyError('DEPUTY_E_ILLEGAL_TRANSITION', {
      machine: 'request',
      state: requestStates[state],
      event: step.event,
    });
  }
  record.setU16(offset.state, nextState);
  // A pure step takes no time worth a look at the clock.
  if (step.act === undefined) record.trace(number, nextState, 0, 0);
  const result = step.act === undefined ? 0 : step.act(context);
  if (step.act !== undefined) record.trace(number, nextState, elapsedUs(), result);
  const next = step.next(context, result);
  if (next >= 0) record.setU16(offset.step, next);
  else if (next === stepPark) record.setU16(offset.step, number + 1);
  return next;
}

/** Runs a request's steps until it ends or parks; never yields in between. */
export function runSteps(context: StepContext, steps: StepTable, elapsedUs: () => number): number {
  const events = eventsOf(steps);
  for (let count = 0; count < stepLimit; count++) {
    const next = advance(context, steps, events, elapsedUs);
    if (next < 0) return next;
  }
  throw deputyError('DEPUTY_E_LIMIT_REACHED', { what: 'steps of one request', limit: stepLimit });
}

export { stepEnd, stepPark };
