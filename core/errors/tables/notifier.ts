import type { ErrorEntry } from './entry.js';

/** Errors of a sidecar that answers the calls of wrapped programs. */
export const notifierErrors = {
  DEPUTY_E_NOTIFIER_PEER: {
    what: 'a listener was not taken: {detail}',
    why: 'A sidecar serves programs of its own user and groups, in another cgroup, that it can see.',
    remedy: 'See the detail; a pod needs `shareProcessNamespace`, a bundle the pid namespace of its target.',
  },
  DEPUTY_E_NOTIFIER_PTRACE_SCOPE: {
    what: 'processes of the same user may not be looked into here: kernel.yama.ptrace_scope is {scope}',
    why: 'A sidecar reads the arguments of calls as a process of the same user, without CAP_SYS_PTRACE.',
    remedy: 'Use nodes where it is 0, the broker form for programs written for it, or the agent of the node.',
  },
} as const satisfies Record<string, ErrorEntry>;
