import { native } from '../linux/native.js';
import { type Refused, refusedNumbers } from '../linux/refused-calls.js';
import { FILTER_FLAG_TSYNC, installFilter, refusingProgram } from '../linux/seccomp.js';

/** Puts a filter of deputy's own on this thread, or on all of the process: 0 or minus an errno. */
function install(whom: Refused, flags: number): number {
  const { architecture } = native();
  const result = installFilter(refusingProgram(architecture, refusedNumbers(architecture, whom)), flags);
  // With TSYNC the number of a thread that has filters of its own is an error, too.
  return result > 0 ? -1 : result;
}

/**
 * Refuses all threads of this process what a supervisor never does (docs/adr/0013). Before any thread has a
 * filter of its own, and with no_new_privs.
 */
export function filterProcess(): number {
  return install('supervisor', FILTER_FLAG_TSYNC);
}

/** Refuses this thread what a loop never does, besides. */
export function filterLoop(): number {
  return install('loop', 0);
}
