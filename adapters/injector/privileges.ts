import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { traceOption } from '../../core/injector/injector-kernel.js';
import { putWord } from '../../core/injector/ptrace-words.js';
import {
  type CapabilityWords,
  capability,
  capabilityWords,
  getCapabilities,
  hasCapability,
  setCapabilities,
} from '../linux/credentials.js';
import { allocate } from '../linux/memory.js';
import { systemCall } from '../linux/native.js';
import { seize } from '../linux/ptrace.js';
import { hasRemedy } from './test-hooks.js';

const SIG_IGN = 1;
const EINVAL = -22;
const PR_SET_DUMPABLE = 4;
/** Inode of the first user namespace, PROC_USER_INIT_INO of linux/proc_ns.h. */
const firstUserNamespace = 'user:[4026531837]';
/** SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGPIPE, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU (signal(7)). */
const ignoredSignals = [1, 2, 3, 6, 13, 15, 20, 21, 22];

/**
 * Ignores what a terminal or a service manager sends to the whole group (rt_sigaction(2)): the injector ends
 * when its supervisor does, and never in the middle of an injection.
 */
export function ignoreSignals(): void {
  const action = allocate(4096);
  putWord(action, 0, SIG_IGN);
  for (const signal of ignoredSignals) systemCall('rt_sigaction', signal, action.address, 0, 8);
}

/** Asks the OOM killer to spare this process (proc_pid_oom_score_adj(5)): 0 or minus an errno. */
export function protectFromOomKiller(): number {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
    return 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -1;
  }
}

/**
 * Keeps CAP_SYS_PTRACE, for suspending filters CAP_SYS_ADMIN, and for reading the list of another user's
 * descriptors (where a predecessor may have left a socket) CAP_DAC_READ_SEARCH on this thread, if they are
 * there, and nothing else (capset(2)); makes the process not dumpable, so that others of the same user can't
 * trace it.
 */
export function dropPrivileges(): number {
  const held = getCapabilities();
  if (typeof held === 'number') return held;
  const wanted = capabilityWords([capability.SYS_PTRACE, capability.SYS_ADMIN, capability.DAC_READ_SEARCH]);
  const kept = intersect(wanted, held.permitted);
  systemCall('prctl', PR_SET_DUMPABLE, 0, 0, 0, 0);
  return setCapabilities(kept, kept);
}

function intersect(a: CapabilityWords, b: CapabilityWords): CapabilityWords {
  return { low: (a.low & b.low) >>> 0, high: (a.high & b.high) >>> 0 };
}

/**
 * May PTRACE_O_SUSPEND_SECCOMP be used? The kernel wants its own support, CAP_SYS_ADMIN in the first user
 * namespace, and a tracer that has no filter itself (ptrace(2)).
 */
export function maySuspendFilters(): boolean {
  if (!hasRemedy('suspend')) return false;
  // Nobody may trace himself (EPERM), but options that the kernel doesn't know fail earlier, with EINVAL.
  if (seize(process.pid, traceOption.SUSPEND_SECCOMP) === EINVAL) return false;
  const held = getCapabilities();
  if (typeof held === 'number' || !hasCapability(held.effective, capability.SYS_ADMIN)) return false;
  const unfiltered = /^Seccomp:\s*0$/m.test(readFileSync('/proc/self/status', 'utf8'));
  return unfiltered && readlinkSync('/proc/self/ns/user') === firstUserNamespace;
}
