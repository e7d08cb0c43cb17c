import { actsForItsCaller } from './acts-for-its-caller.js';
import { allSettles } from './all-settles.js';
import { answeredOnce } from './answered-once.js';
import { answersAreRight } from './answers-are-right.js';
import { callsReturn } from './calls-return.js';
import { eventsAreComplete } from './events-are-complete.js';
import { eventsAreLegal } from './events-are-legal.js';
import { eventsAreTrue } from './events-are-true.js';
import { handlersDoNotFail } from './handlers-do-not-fail.js';
import { handlesAreRight } from './handles-are-right.js';
import type { Invariant } from './invariant.js';
import { noLeaks } from './no-leaks.js';
import { nothingForbidden } from './nothing-forbidden.js';
import { streamInOrder } from './stream-in-order.js';
import { targetUntouched } from './target-untouched.js';
import { truncatedOnce } from './truncated-once.js';

/** Everything that always holds; a further invariant is a file and a line here. */
export const invariants: readonly Invariant[] = [
  answeredOnce,
  answersAreRight,
  handlesAreRight,
  handlersDoNotFail,
  actsForItsCaller,
  nothingForbidden,
  truncatedOnce,
  noLeaks,
  targetUntouched,
  eventsAreLegal,
  eventsAreTrue,
  eventsAreComplete,
  streamInOrder,
  callsReturn,
  allSettles,
];
