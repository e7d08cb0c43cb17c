import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { offset } from '../../core/request/record-layout.js';
import type { Handler, HandlerOf } from '../../core/steps/handler.js';
import type { Step } from '../../core/steps/step.js';
import { rehearsalKey } from './listener-keys.js';

/**
 * A hook that only tests use, and that does nothing unless DEPUTY_TEST=1 and DEPUTY_CRASH_FILE names a file:
 * its first line, `STEP:before` or `STEP:after`, is where the next supervisor dies by SIGKILL that runs such
 * a step; the line is taken out first, so that the successor doesn't die of it as well.
 */
const crashFile = process.env['DEPUTY_TEST'] === '1' ? process.env['DEPUTY_CRASH_FILE'] : undefined;

let armed = '';

/** The handlers as they are or, in such a test, with a crash point before and after each step. */
export function withCrashPoints(handlerOf: HandlerOf): HandlerOf {
  if (crashFile === undefined) return handlerOf;
  const wrapped = new Map<Handler, Handler>();
  return (record, abi, policy) => {
    // A standby's rehearsal is no request that anybody waits for.
    if (record.u32(offset.listener) === rehearsalKey) return handlerOf(record, abi, policy);
    armed = firstLine(crashFile);
    const handler = handlerOf(record, abi, policy);
    let known = wrapped.get(handler);
    if (known === undefined) {
      known = { ...handler, steps: handler.steps.map(withCrashes) };
      wrapped.set(handler, known);
    }
    return known;
  };
}

function withCrashes(step: Step): Step {
  const { act } = step;
  if (act === undefined) {
    return { ...step, next: (context, result) => step.next(dieAt(`${step.name}:before`, context), result) };
  }
  return {
    ...step,
    act: (context) => {
      dieAt(`${step.name}:before`, context);
      return dieAt(`${step.name}:after`, act(context));
    },
  };
}

function dieAt<Value>(point: string, value: Value): Value {
  if (armed !== point || crashFile === undefined) return value;
  const rest = readFileSync(crashFile, 'utf8').split('\n').slice(1).join('\n');
  if (rest === '') rmSync(crashFile);
  else writeFileSync(crashFile, rest);
  process.kill(process.pid, 'SIGKILL');
  return value;
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return '';
  }
}
