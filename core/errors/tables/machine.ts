import type { ErrorEntry } from './entry.js';

/** Errors that say what this machine, kernel or user cannot do. */
export const machineErrors = {
  DEPUTY_E_NOT_ROOT: {
    what: '{action} needs root',
    why: 'Answering for a target needs CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE in the initial user namespace.',
    remedy: 'Run it as root; `deputy doctor` says what works without.',
  },
  DEPUTY_E_NOT_LINUX: {
    what: '{action} needs Linux; this is {platform}',
    why: 'The work is done by Linux system calls; elsewhere the library, the simulator and consumers run.',
    remedy: 'Run it on Linux.',
  },
  DEPUTY_E_ARCHITECTURE_UNSUPPORTED: {
    what: '{action} is not available on {architecture} yet',
    why: 'This part depends on registers or system call numbers that are known for other architectures only.',
    remedy: 'Use x86-64, or a policy that does not need it (such as `opath: fast`).',
  },
  DEPUTY_E_KERNEL_TOO_OLD: {
    what: '{feature} needs Linux {needed}; this is {release}',
    why: 'The running kernel lacks a feature, and there is no fallback for it.',
    remedy: 'Run a newer kernel; `deputy doctor` lists what this one can do.',
  },
  DEPUTY_E_NOTIFIER_UNAVAILABLE: {
    what: 'the seccomp notifier is not available: {detail}',
    why: 'The kernel was built without it, or something around deputy (a sandbox) forbids it.',
    remedy: 'Run `deputy doctor` and follow its remedies.',
  },
  DEPUTY_E_STRUCT_LAYOUT: {
    what: "the kernel's layout of {structure} is not as expected: {detail}",
    why: 'Sizes are compared with the running kernel at start, since a wrong one would corrupt memory.',
    remedy: 'Report a bug with the output of `deputy doctor --json`.',
  },
  DEPUTY_E_SELF_TEST_FAILED: {
    what: 'the self-test on a probe child failed: {detail}',
    why: 'deputy says that it is ready only after it has answered a real call of a child of its own.',
    remedy: 'Run `deputy doctor` and follow its remedies.',
  },
  DEPUTY_E_SETUP_MISSING: {
    what: '{what} is missing: {detail}',
    why: 'A program or a file that this command uses is not installed.',
    remedy: 'Install it; the message says what was looked for.',
  },
  DEPUTY_E_IDMAPPED_MOUNT: {
    what: 'no idmapped mount of {path}: {detail}',
    why: 'EPERM: CAP_SYS_ADMIN is missing. EINVAL: the file system or the kernel has no such mounts there.',
    remedy: "Share it from a file system that has them, or map the owner's ids in the container.",
  },
  DEPUTY_E_SERVICE_ENVIRONMENT_INVALID: {
    what: 'the variable {variable}={value} is not as a service manager sets it: {detail}',
    why: 'What systemd says and keeps for a service is found by variables; a guess would lose descriptors.',
    remedy: 'Unset the variable when deputy is not started by systemd; else look at what wraps ExecStart=.',
  },
  DEPUTY_E_SOCKET_IN_USE: {
    what: 'the socket {path} is in use by a living process',
    why: 'Another agent listens there.',
    remedy: 'Stop the other agent, or choose another path.',
  },
  DEPUTY_E_SOCKET_UNUSABLE: {
    what: 'the socket {path} cannot be used: {detail}',
    why: 'The path is too long (107 bytes at most), its folder is missing, or something else is there.',
    remedy: 'Choose another path; deputy never removes what is not a socket.',
  },
} as const satisfies Record<string, ErrorEntry>;
