import { readdirSync, readlinkSync } from 'node:fs';
import { native } from '../linux/native.js';
import { type Refused, refusedNumbers } from '../linux/refused-calls.js';
import { FILTER_FLAG_TSYNC, installFilter, refusingProgram } from '../linux/seccomp.js';

/**
 * Whether this process has an io_uring. libuv gives each of its loops one, for epoll_ctl, as soon as Node
 * starts (1.49 and later, Node 22), whatever UV_USE_IO_URING says, and aborts when it may not enter it.
 */
function holdsRing(): boolean {
  return readdirSync('/proc/self/fd').some((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === 'anon_inode:[io_uring]';
    } catch {
      // The descriptor that this directory was read through is closed by now.
      return false;
    }
  });
}

/** Puts a filter of deputy's own on this thread, or on all of the process: 0 or minus an errno. */
function install(whom: Refused, flags: number, allowed: readonly string[] = []): number {
  const { architecture } = native();
  const numbers = refusedNumbers(architecture, whom, allowed);
  const result = installFilter(refusingProgram(architecture, numbers), flags);
  // With TSYNC the number of a thread that has filters of its own is an error, too.
  return result > 0 ? -1 : result;
}

/**
 * Refuses all threads of this process what a supervisor never does (docs/adr/0013). Before any thread has a
 * filter of its own, and with no_new_privs.
 */
export function filterProcess(): number {
  return install('supervisor', FILTER_FLAG_TSYNC, holdsRing() ? ['io_uring_enter'] : []);
}

/** Refuses this thread what a loop never does, besides. */
export function filterLoop(): number {
  return install('loop', 0);
}

/** Refuses all threads of a broker what it never does once it listens: how many calls, or minus an errno. */
export function filterBroker(): number {
  const allowed = holdsRing() ? ['io_uring_enter'] : [];
  const result = install('broker', FILTER_FLAG_TSYNC, allowed);
  return result < 0 ? result : refusedNumbers(native().architecture, 'broker', allowed).length;
}
