import { answeredOnce } from './answered-once.js';
import { callsReturn } from './calls-return.js';
import type { Invariant } from './invariant.js';
import { noLeaks } from './no-leaks.js';

/** Everything that always holds; a further invariant is a file and a line here. */
export const invariants: readonly Invariant[] = [answeredOnce, noLeaks, callsReturn];
