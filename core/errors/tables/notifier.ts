import type { ErrorEntry } from './entry.js';

/** Errors of a sidecar that answers the calls of wrapped programs. */
export const notifierErrors = {
  DEPUTY_E_NOTIFIER_PEER: {
    what: 'a listener was not taken: {detail}',
    why: 'A sidecar serves programs of its own user and groups, in another cgroup, that it can see.',
    remedy: 'See the detail; a pod needs `shareProcessNamespace`, a bundle the pid namespace of its target.',
  },
  DEPUTY_E_NOTIFIER_UNABLE: {
    what: 'a sidecar can not look into programs of its own user here: {detail}',
    why: 'It reads the arguments of their calls, and what a killed one gave them, without CAP_SYS_PTRACE.',
    remedy: 'Set kernel.yama.ptrace_scope to 0, and let the profile of the sidecar allow pidfd_getfd.',
  },
} as const satisfies Record<string, ErrorEntry>;
